/** `hearth up` as a real process, started as package.json's scripts start it. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { rootFolder } from '#cli/layout.ts'

export interface Ready {
  url: string
  token: string
  servers: { name: string; url: string }[]
}

export interface Command {
  child: ChildProcess
  stdout: string[]
  stderr: string[]
  /** The JSON line of `--json`. Rejects when the command ends without it. */
  ready(): Promise<Ready>
  /** The exit code, once all output has come. */
  exited: Promise<number | null>
}

export interface CommandOptions {
  cwd?: string
  env?: Record<string, string>
  /** Nobody reads its standard error until the test does. */
  isUnread?: boolean
  /** What to run; default: the launcher with cli/main.ts. */
  command?: [string, ...string[]]
}

const LAUNCH: [string, ...string[]] = [
  process.execPath,
  join(rootFolder, 'cli', 'bootstrap.mjs'),
  join(rootFolder, 'cli', 'main.ts'),
]

export function runHearth(args: string[], options: CommandOptions = {}): Command {
  const [program, ...first] = options.command ?? LAUNCH
  const child = spawn(program, [...first, ...args], {
    cwd: options.cwd ?? rootFolder,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const stdout: string[] = []
  const stderr: string[] = []
  const lines = createInterface({ input: child.stdout }).on('line', (line) => stdout.push(line))
  if (options.isUnread !== true) {
    createInterface({ input: child.stderr }).on('line', (line) => stderr.push(line))
  }
  const exited = once(child, 'close').then(([code]) => code as number | null)
  return {
    child,
    stdout,
    stderr,
    exited,
    async ready() {
      const isJSON = (line: string): boolean => line.startsWith('{')
      while (!stdout.some(isJSON)) {
        const ended = exited.then((code) => {
          throw new Error(`hearth ended with ${code}: ${stderr.join('\n')}`)
        })
        await Promise.race([once(lines, 'line'), ended])
      }
      return JSON.parse(stdout.find(isJSON) ?? '') as Ready
    },
  }
}

/** Ends a command and all its descendants; resolves when their output has ended. */
export async function killTree({ child, exited }: Command): Promise<void> {
  for (const pid of child.pid === undefined ? [] : processTree(child.pid)) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // it has ended already
    }
  }
  await exited
}

/** A process and everything that descends from it at this moment. */
export function processTree(pid: number): number[] {
  return [pid, ...childrenOf(pid).flatMap(processTree)]
}

function childrenOf(pid: number): number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    return text.split(' ').filter(Boolean).map(Number)
  } catch {
    return [] // it ended between two reads
  }
}
