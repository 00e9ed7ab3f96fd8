/** Where Hearth's own parts are: TypeScript sources in a checkout, bundles in the package. */
import { existsSync } from 'node:fs'
import { basename, delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const own = fileURLToPath(import.meta.url)

export const isBundled = !own.endsWith('.ts')
export const rootFolder = dirname(dirname(own))
export const hostProgram = join(
  rootFolder,
  isBundled ? 'dist/host-program.js' : 'container/main.ts',
)
export const workerEntry = join(rootFolder, isBundled ? 'dist/worker.js' : 'worker/index.ts')
export const exampleConfig = join(rootFolder, 'examples', 'hearth.json')

/** Folders in which Hearth's dependencies may be: its own, and the one it was installed into. */
export function nodeModulesFolders(): string {
  const parent = dirname(rootFolder)
  const candidates = [join(rootFolder, 'node_modules')]
  if (basename(parent) === 'node_modules') candidates.push(parent)
  return candidates.filter((path) => existsSync(path)).join(delimiter)
}
