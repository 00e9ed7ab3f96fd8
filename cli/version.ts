/** `hearth --version`: one line, with the commit where it is known. */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { VERSION } from '#protocol/version.ts'
import { rootFolder } from './layout.ts'

/** Written beside the bundles: a package has no repository around it. */
export const commitFile = join(rootFolder, 'dist', 'commit')

/** Git reads a file or two for it. */
const GIT_MS = 5_000

/** `hearth 0.1.0 (8b3e0a5)` */
export function toVersionLine(): string {
  const commit = existsSync(join(rootFolder, '.git')) ? askGit() : readCommitFile()
  return commit === undefined ? `hearth ${VERSION}` : `hearth ${VERSION} (${commit})`
}

/** Of the checkout; `undefined` where git cannot say. */
export function askGit(): string | undefined {
  const { status, stdout } = spawnSync('git', ['rev-parse', '--short', 'HEAD'], {
    cwd: rootFolder,
    encoding: 'utf8',
    timeout: GIT_MS,
  })
  return status === 0 ? stdout.trim() : undefined
}

function readCommitFile(): string | undefined {
  try {
    return readFileSync(commitFile, 'utf8').trim()
  } catch {
    return undefined
  }
}
