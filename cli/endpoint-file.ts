/**
 * Where the gateway of a data folder listens: `endpoint.json` beside its secrets, for the other
 * commands. It is there while `hearth up` runs; a killed one leaves it behind.
 */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { isDataFolderLocked } from './data-lock.ts'

const Endpoint = z.object({
  url: z.url({ protocol: /^https?$/ }),
  pid: z.int().min(1),
  /** `Date.now()`; absent in the file of an older version. */
  startedAt: z.number().optional(),
  /** What the tenant of the gateway is set from; absolute. */
  configFile: z.string().optional(),
  /** Servers of that file that are left out, each with what is wrong with it. */
  leftOut: z.array(z.object({ name: z.string(), problems: z.array(z.string()) })).optional(),
})
export type Endpoint = z.infer<typeof Endpoint>

const fileOf = (folder: string): string => join(folder, 'endpoint.json')

/** Call it with the lock on the folder. Gone when this process exits, however it decides to. */
export function writeEndpoint(
  folder: string,
  { url, ...more }: { url: URL } & Pick<Endpoint, 'configFile' | 'leftOut'>,
): void {
  process.once('exit', () => removeEndpoint(folder))
  write(folder, { ...more, url: url.origin, pid: process.pid, startedAt: Date.now() })
}

/** After the file has changed. */
export function updateEndpoint(folder: string, leftOut: NonNullable<Endpoint['leftOut']>): void {
  const endpoint = readEndpoint(folder)
  if (endpoint !== undefined) write(folder, { ...endpoint, leftOut })
}

function write(folder: string, endpoint: Endpoint): void {
  const file = fileOf(folder)
  writeFileSync(`${file}.new`, `${JSON.stringify(endpoint)}\n`, { mode: 0o600 })
  renameSync(`${file}.new`, file)
}

/** What a killed one has left: its port may be somebody else's by now. */
export function removeEndpoint(folder: string): void {
  rmSync(fileOf(folder), { force: true })
}

/**
 * `undefined` when no gateway runs on the folder. A number in a file proves nothing: the process
 * must live, be ours to signal, and hold the folder's lock, before it is sent an admin token.
 */
export async function findEndpoint(folder: string): Promise<Endpoint | undefined> {
  const endpoint = readEndpoint(folder)
  if (endpoint === undefined || !isOurs(endpoint.pid)) return undefined
  return (await isDataFolderLocked(folder)) ? endpoint : undefined
}

function readEndpoint(folder: string): Endpoint | undefined {
  try {
    return Endpoint.parse(JSON.parse(readFileSync(fileOf(folder), 'utf8')))
  } catch {
    return undefined // absent or broken: nothing is known to run
  }
}

function isOurs(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false // no such process, or another user's
  }
}
