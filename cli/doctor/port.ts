/** Whether `hearth up` can listen on its port, and who does already. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { findEndpoint } from '../endpoint-file.ts'
import { Failure } from '../failure.ts'
import { requireFreeAddress } from '../runtime/free-address.ts'
import { toPlain } from '../table.ts'
import { fail, ok, type Finding } from './finding.ts'

/** The state of a socket that listens, in /proc/net/tcp. */
const LISTENS = '0A'

export interface Address {
  host: string
  port: number
  dataFolder: string
}

export async function checkPort({ host, port, dataFolder }: Address): Promise<Finding> {
  try {
    await requireFreeAddress(host, port)
    return ok('port', `${port} is free`)
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    const endpoint = await findEndpoint(dataFolder)
    if (endpoint !== undefined && Number(new URL(endpoint.url).port) === port) {
      return ok('port', `${port} is that of the hearth up of this data folder`)
    }
    const owner = findOwner(port)
    const who = owner === undefined ? '' : ` It is ${toPlain(owner)}`
    return fail('port', `${error.message}.${who}`)
  }
}

/** `node (process 1234)`, where the kernel tells; `undefined` for other users' processes. */
export function findOwner(port: number): string | undefined {
  const inodes = new Set(
    ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((path) => listenersIn(path, port)),
  )
  if (inodes.size === 0) return undefined
  const pid = list('/proc').find((name) => /^\d+$/.test(name) && holdsAny(name, inodes))
  return pid && `${read(`/proc/${pid}/comm`).trim()} (process ${pid})`
}

function listenersIn(path: string, port: number): string[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  return read(path)
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local = '', , state]) => state === LISTENS && local.endsWith(suffix))
    .flatMap((fields) => fields[9] ?? [])
}

function holdsAny(pid: string, inodes: ReadonlySet<string>): boolean {
  return list(`/proc/${pid}/fd`).some((fd) => {
    const [, inode = ''] = /^socket:\[(\d+)\]$/.exec(readLink(`/proc/${pid}/fd/${fd}`)) ?? []
    return inodes.has(inode)
  })
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return [] // another user's process, or another system
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

function readLink(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}
