/** The worker as one ES module: built from the sources, or as it was built for the package. */
import { readFileSync } from 'node:fs'
import type { BuildOptions } from 'esbuild'
import { isBundled, rootFolder, workerEntry } from '../layout.ts'

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
  // Class names cross the boundary between objects, and appear in their errors.
  keepNames: true,
  logLevel: 'silent',
} satisfies BuildOptions

/** Throws with esbuild's messages when a source does not compile. */
export async function bundleWorker(entry: string = workerEntry): Promise<string> {
  if (isBundled) return readFileSync(entry, 'utf8')
  const { build, stop } = await import('esbuild')
  const result = await build({ ...workerBuild, entryPoints: [entry], write: false })
  await stop() // its own process would stay as long as this one
  const [output] = result.outputFiles
  if (output === undefined) throw new Error(`${entry} gave no bundle`)
  return output.text
}
