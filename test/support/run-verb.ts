/** A command of `hearth` as a child process, from its start to its end. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { rootFolder } from '#cli/layout.ts'

export interface VerbOptions {
  /** All of standard input; without it, it is empty. */
  input?: string | Uint8Array
  /** `HEARTH_…` and what a test needs more. Those of this process are not passed on. */
  env?: Record<string, string>
  cwd?: string
  /** What to run; default: cli/hearth.mjs, as `npx hearth` does. */
  command?: [string, ...string[]]
}

export interface VerbResult {
  code: number | null
  stdout: string
  stderr: string
}

const HEARTH: [string, ...string[]] = [process.execPath, join(rootFolder, 'cli', 'hearth.mjs')]

export async function runVerb(args: string[], options: VerbOptions = {}): Promise<VerbResult> {
  const [program, ...first] = options.command ?? HEARTH
  const child = spawn(program, [...first, ...args], {
    cwd: options.cwd ?? rootFolder,
    env: { ...withoutOurs(process.env), ...options.env },
    stdio: 'pipe',
  })
  child.stdin.on('error', () => {}) // a command that wants no input closes it
  child.stdin.end(options.input ?? '')
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ])
  return { code: code as number | null, stdout, stderr }
}

function withoutOurs(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(environment).filter(([name]) => !name.startsWith('HEARTH_')),
  )
}
