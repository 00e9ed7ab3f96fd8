/** What `hearth up` runs: bundled from the sources of a checkout, or as it was for the package. */
import { readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { build, bundleOf, nodeBuild, workerBuild } from '../bundles.mjs'
import { isCheckout, rootFolder } from '../layout.ts'

/** The worker as one ES module; `entry` in the place of its own. Throws when a source does not compile. */
export async function workerProgram(entry?: string): Promise<string> {
  if (!isCheckout && entry === undefined) return readFileSync(inPackage('worker.js'), 'utf8')
  const path = relative(rootFolder, entry ?? join(rootFolder, 'worker', 'index.ts'))
  // One of another folder is not ours to keep.
  const { text } = await (path.startsWith('..') ? build : bundleOf)(rootFolder, path, workerBuild)
  return text
}

/** The file of the host program, for Node. */
export async function hostProgram(): Promise<string> {
  if (!isCheckout) return inPackage('host-program.js')
  const source = 'container/main.ts'
  const { file } = await bundleOf(rootFolder, source, nodeBuild)
  return file ?? join(rootFolder, source)
}

function inPackage(name: string): string {
  return join(rootFolder, 'dist', name)
}
