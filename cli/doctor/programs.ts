/** Which programs are here that servers are started and installed with. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { isOldNode } from './node-version.ts'
import { fail, ok, warn, type Finding, type State } from './finding.ts'

const run = promisify(execFile)

/** A program that is asked for its version, or whether it reaches its service. */
const PROGRAM_MS = 15_000

interface Program {
  check: string
  command: string
  args: string[]
  /** How it is when it is not there. */
  missing: { state: State; text: string }
  /** How it is when it is there and fails. */
  failing: string
}

const PROGRAMS: Program[] = [
  {
    ...{ check: 'npm', command: 'npm', args: ['--version'] },
    missing: {
      state: 'warn',
      text: 'not found: servers that are started with npx need it. Install Node with npm: https://nodejs.org',
    },
    failing: 'does not run: install Node again: https://nodejs.org',
  },
  {
    ...{ check: 'uv', command: 'uv', args: ['--version'] },
    missing: {
      state: 'warn',
      text: 'not found: servers that are started with uvx need it. Install it: https://docs.astral.sh/uv/getting-started/installation',
    },
    failing:
      'does not run: install it again: https://docs.astral.sh/uv/getting-started/installation',
  },
  {
    ...{ check: 'Python', command: 'python3', args: ['--version'] },
    missing: {
      state: 'ok',
      text: 'not found: uv brings its own; servers that run python3 need it',
    },
    failing: 'does not run: install it again, or let uv bring its own',
  },
  {
    ...{ check: 'git', command: 'git', args: ['--version'] },
    missing: {
      state: 'ok',
      text: 'not found: packages that are installed from a repository need it',
    },
    failing: 'does not run: install it again',
  },
  {
    ...{ check: 'Docker', command: 'docker', args: ['version', '--format', '{{.Server.Version}}'] },
    missing: {
      state: 'ok',
      text: 'not found: servers that run docker need it, and npm run dev:containers',
    },
    failing: 'its engine does not answer: start it, if a server runs docker',
  },
]

export function checkNode(): Finding {
  const { version } = process
  if (!isOldNode(process.versions.node)) return ok('Node', `${version} (${process.execPath})`)
  return fail('Node', `${version} is too old: install 22.12 or newer: https://nodejs.org`)
}

export function checkPrograms(): Promise<Finding[]> {
  return Promise.all(PROGRAMS.map(checkProgram))
}

async function checkProgram({ check, command, args, missing, failing }: Program): Promise<Finding> {
  try {
    const { stdout } = await run(command, args, { timeout: PROGRAM_MS })
    return ok(check, stdout.trim().split('\n')[0] ?? '')
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    return isMissing ? { check, ...missing } : warn(check, failing)
  }
}
