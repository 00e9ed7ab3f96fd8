/** Hearth as it was at another commit, built in a worktree of its own. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { applyPolicies } from '../policies.ts'
import { hearth, startHearth } from './hearth.ts'
import { BENCH_FOLDER } from './installed.ts'
import { POLICIES } from './names.ts'
import type { Peer } from './peer.ts'

export interface Former {
  /** Abbreviated. */
  commit: string
  project: string
  peers: Peer[]
  /** Takes the worktree away. */
  remove(): void
}

/** Needs the network. Throws for what git does not know, and for what cannot be installed. */
export function buildFormer(revision: string): Former {
  const commit = git('rev-parse', '--short', '--verify', `${revision}^{commit}`).trim()
  const project = mkdtempSync(join(tmpdir(), 'hearth-former-'))
  const remove = (): void => void git('worktree', 'remove', '--force', project)
  git('worktree', 'add', '--detach', project, commit)
  try {
    execFileSync('npm', ['ci', '--no-audit', '--no-fund'], {
      cwd: project,
      stdio: ['ignore', 2, 2],
    })
  } catch (error) {
    remove()
    throw error
  }
  const name = `Hearth ${commit}`
  const former: Peer = { ...hearth, name, role: 'former' }
  return {
    commit,
    project,
    remove,
    peers: [
      { ...former, start: (target) => startHearth(target, { project }) },
      {
        ...former,
        name: `${name}${POLICIES}`,
        start: (target) => startHearth(target, { project, authorize: applyPolicies }),
      },
    ],
  }
}

function git(...args: string[]): string {
  return execFileSync('git', args, { cwd: BENCH_FOLDER, encoding: 'utf8' })
}
