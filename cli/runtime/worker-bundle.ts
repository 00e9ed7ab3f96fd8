/** The worker as one ES module: built from the sources, or as it was built for the package. */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import type { BuildOptions } from 'esbuild'
import { isBundled, rootFolder, workerEntry } from '../layout.ts'
import { keptBundle, type Bundle } from './kept-bundle.ts'

/** How the worker is bundled, here and for the package: as `wrangler deploy` does it. */
export const workerBuild = {
  absWorkingDir: rootFolder,
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
} satisfies BuildOptions

/** They decide which file an import means: what is installed, and what `#…` stands for. */
const RESOLUTION = ['package.json', 'tsconfig.json', 'node_modules/.package-lock.json']

/** Throws with esbuild's messages when a source does not compile. */
export async function bundleWorker(entry: string = workerEntry): Promise<string> {
  if (isBundled) return readFileSync(entry, 'utf8')
  const path = relative(rootFolder, entry)
  // One of another folder is not ours to keep.
  if (path.startsWith('..')) return (await build(entry)).text
  const name = createHash('sha256').update(path).digest('hex').slice(0, 16)
  return keptBundle({
    file: join(rootFolder, 'node_modules', '.cache', 'hearth', `${name}.js`),
    root: rootFolder,
    from: JSON.stringify([workerBuild, ...RESOLUTION.map(read)]),
    build: () => build(entry),
  })
}

async function build(entry: string): Promise<Bundle> {
  const esbuild = await import('esbuild')
  const result = await esbuild.build({
    ...workerBuild,
    entryPoints: [entry],
    write: false,
    metafile: true,
  })
  await esbuild.stop() // its own process would stay as long as this one
  const [output] = result.outputFiles
  if (output === undefined) throw new Error(`${entry} gave no bundle`)
  return { text: output.text, inputs: Object.keys(result.metafile.inputs) }
}

function read(path: string): string | undefined {
  const file = join(rootFolder, path)
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined
}
