/** The folder that a client means by a file: the project's, where the file is in one of the client's own. Pure. */
import { basename, dirname } from 'node:path'

const OF_CLIENTS: ReadonlySet<string> = new Set([
  '.vscode',
  '.cursor',
  '.zed',
  '.codex',
  '.gemini',
  '.continue',
  '.roo',
])

export function toWorkspace(path: string): string {
  const folder = dirname(path)
  return OF_CLIENTS.has(basename(folder)) ? dirname(folder) : folder
}
