/**
 * What runs is bundled from the sources, and kept: Node then strips no types and reads one file for
 * hundreds, which takes half the time and less memory.
 * Plain JavaScript: the launcher needs it, too.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { keptBundle } from './kept-bundle.mjs'

/** How the worker is bundled, here and for the package: as `wrangler deploy` does it. */
export const workerBuild = {
  bundle: true,
  format: 'esm',
  target: 'es2024',
  platform: 'neutral',
  mainFields: ['module', 'main'],
  conditions: ['workerd', 'worker', 'browser'],
  external: ['cloudflare:*', 'node:*'],
  // Nothing is minified. To keep a name, esbuild defines it again each time that a closure is made.
  keepNames: false,
  logLevel: 'silent',
}

/** How the command and the host program are. */
export const nodeBuild = {
  bundle: true,
  format: 'esm',
  target: 'node22',
  platform: 'node',
  // Large and seldom wanted, or with files of their own.
  external: ['@modelcontextprotocol/client', 'esbuild', 'prettier', 'undici', 'workerd'],
  // What packages in CommonJS have.
  banner: {
    js: "import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url)",
  },
  logLevel: 'silent',
}

/** They decide which file an import means: what is installed, and what `#…` stands for. */
const RESOLUTION = ['package.json', 'tsconfig.json', 'node_modules/.package-lock.json']

export async function bundleOf(root, entry, options) {
  const file = join(root, 'node_modules/.cache/hearth', entry.replace(/\.[a-z]+$/, '.js'))
  const { text, isKept } = await keptBundle({
    file,
    root,
    from: JSON.stringify([options, ...RESOLUTION.map((path) => read(join(root, path)))]),
    build: () => build(root, entry, options),
  })
  return { text, file: isKept ? file : undefined }
}

export async function build(root, entry, options) {
  const { buildSync, stop } = await import('esbuild')
  const { outputFiles, metafile } = buildSync({
    ...options,
    absWorkingDir: root,
    entryPoints: [entry],
    write: false,
    metafile: true,
  })
  // Its own process would stay as long as this one. Nobody else uses it meanwhile: all is in one step.
  await stop()
  const [output] = outputFiles
  if (output === undefined) throw new Error(`${entry} gave no bundle`)
  return { text: output.text, inputs: Object.keys(metafile.inputs) }
}

function read(path) {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined // there is none
  }
}
