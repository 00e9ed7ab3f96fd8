/** Where Hearth's own parts are: sources in a checkout, bundles in the package. */
import { existsSync } from 'node:fs'
import { basename, delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** This file may be a part of a bundle, which is deeper or less deep in it. */
export const rootFolder = findRoot(dirname(fileURLToPath(import.meta.url)))
export const isCheckout = existsSync(join(rootFolder, 'worker', 'index.ts'))
export const exampleConfig = join(rootFolder, 'examples', 'hearth.json')

/** Folders in which Hearth's dependencies may be: its own, and the one it was installed into. */
export function nodeModulesFolders(): string {
  const parent = dirname(rootFolder)
  const candidates = [join(rootFolder, 'node_modules')]
  if (basename(parent) === 'node_modules') candidates.push(parent)
  return candidates.filter((path) => existsSync(path)).join(delimiter)
}

function findRoot(folder: string): string {
  return existsSync(join(folder, 'package.json')) ? folder : findRoot(dirname(folder))
}
