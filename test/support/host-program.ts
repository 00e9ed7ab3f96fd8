/** The host program as a real process, and launches of the fixture servers. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { ProcessLaunch } from '#protocol/link.ts'

const MAIN = fileURLToPath(new URL('../../container/main.ts', import.meta.url))
const SERVERS = fileURLToPath(new URL('../fixtures/servers/', import.meta.url))

/** What the object proves itself with, where a test names no other. */
export const HOST_TOKEN = 'token-of-the-test'

export interface HostProgram {
  port: number
  pid: number
  /** Sends the signal and resolves with the exit code when the program is gone. */
  stop(signal?: NodeJS.Signals): Promise<number | null>
  /** Ends the pipe that the program takes for its parent's life. */
  endParentPipe(): Promise<number | null>
  /** Resolves with the console's entries. */
  console(name: string): Promise<{ text: string; [fact: string]: unknown }[]>
  /** Resolves with what went to remote servers, by origin. */
  origins(name: string): Promise<Record<string, unknown>[]>
}

export async function startHostProgram(env: Record<string, string> = {}): Promise<HostProgram> {
  const child = spawn(process.execPath, [MAIN], {
    env: {
      PATH: process.env.PATH ?? '',
      HOME: process.env.HOME ?? '',
      ...(process.env.NODE_COMPILE_CACHE !== undefined && {
        NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
      }),
      PORT: '0',
      HOST: '127.0.0.1',
      LOG_LEVEL: 'error',
      HEARTH_PARENT_PIPE: '1',
      HOST_PROGRAM_TOKEN: HOST_TOKEN,
      ...env,
    },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  const [line] = (await Promise.race([
    once(createInterface({ input: child.stdout }), 'line'),
    exited.then(([code]) => Promise.reject(new Error(`the host program exited with ${code}`))),
  ])) as [string]
  const { port, pid } = JSON.parse(line) as { port: number; pid: number }
  const ask = async <T>(name: string, part: string): Promise<T> => {
    const url = `http://127.0.0.1:${port}/cells/${encodeURIComponent(name)}/${part}`
    const headers = { authorization: `Bearer ${env.HOST_PROGRAM_TOKEN ?? HOST_TOKEN}` }
    const response = await fetch(url, { headers })
    return (await response.json()) as T
  }
  const exitCode = async (): Promise<number | null> => ((await exited) as [number | null])[0]
  return {
    port,
    pid,
    stop: (signal = 'SIGTERM') => {
      child.kill(signal)
      return exitCode()
    },
    endParentPipe: () => {
      child.stdin.end()
      return exitCode()
    },
    console: async (name) => {
      const { entries } = await ask<{ entries: { text: string }[] }>(name, 'console')
      return entries
    },
    origins: async (name) =>
      (await ask<{ origins: Record<string, unknown>[] }>(name, 'origins')).origins,
  }
}

/** A launch of `test/fixtures/servers/{fixture}.mjs`; the digest follows what it runs. */
export function launchOf(fixture: string, changes: Partial<ProcessLaunch> = {}): ProcessLaunch {
  const launch: Omit<ProcessLaunch, 'digest'> = {
    name: fixture,
    command: 'node',
    args: [`${SERVERS}${fixture}.mjs`],
    env: {},
    warm: 0,
    maxProcesses: 8,
    idleTimeoutMs: 600_000,
    maxLifetimeMs: 86_400_000,
    ...changes,
  }
  const { command, args, env, cwd } = launch
  return { digest: JSON.stringify([command, args, env, cwd]), ...launch }
}
