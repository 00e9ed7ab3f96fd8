/** The worker and the Durable Objects in workerd, which is started again on the same port whenever it dies. */
import { randomUUID } from 'node:crypto'
import { mkdir, open, unlink, type FileHandle } from 'node:fs/promises'
import { isIPv6 } from 'node:net'
import { join } from 'node:path'
import { readLines } from '#protocol/call-log.ts'
import { requireFreeAddress } from './free-address.ts'
import { KeptProcess } from './kept-process.ts'
import { startWorkerdProcess, type LivingWorkerd } from './workerd-birth.ts'
import { toConfigText } from './workerd-config.ts'

const WORKER = 'hearth'
const LOOPBACK = '127.0.0.1'

export interface WorkerdOptions {
  bundle: string
  host: string
  /** 0 = any free port. */
  port: number
  /** Folder of the objects' SQLite files. */
  storage: string
  /** Where the host program listens: `address:port`. */
  hostProgram: string
  variables: Record<string, string>
  secrets: Record<string, string>
  onLine: (level: string, text: string) => void
  /** Lines of calls, of JSON, that came together. Absent: `onLine` gets each. */
  onCallLines?: ((lines: string[]) => void) | undefined
  /** For tests: isolates of the worker, over the same objects. Default 1. */
  isolates?: number
}

export interface Workerd {
  url: URL
  /** Of each isolate, the first one's first. */
  urls: URL[]
  stop(): Promise<void>
}

/** Throws `Failure` for an address that cannot be listened on. */
export async function startWorkerd(options: WorkerdOptions): Promise<Workerd> {
  const { host, port } = options
  await requireFreeAddress(host, port)
  const isolates = isolateNames(options)
  // Only the first is where the address says.
  const hostOf = (name: string): string => (name === WORKER ? host : LOOPBACK)
  const configFile = await openConfig(options, isolates)
  try {
    const workerd = await KeptProcess.start<LivingWorkerd>({
      name: 'workerd',
      onLine: options.onLine,
      start: (signal, former) => {
        const ports = former?.ports ?? { [WORKER]: port }
        const addresses = isolates.map((name) => [name, toAddress(hostOf(name), ports[name] ?? 0)])
        return startWorkerdProcess({
          configFile: configFile.fd,
          addresses: Object.fromEntries(addresses),
          onLine: toLineReader(options),
          signal,
        })
      },
    })
    const { ports } = workerd.life
    const urlOf = (name: string): URL =>
      new URL(`http://${toAddress(toDialled(hostOf(name)), ports[name] ?? 0)}`)
    return {
      url: urlOf(WORKER),
      urls: isolates.map(urlOf),
      stop: async () => {
        // What runs has had its time; storage stands a death at any moment.
        await workerd.stop()
        await configFile.close()
      },
    }
  } catch (error) {
    await configFile.close()
    throw error
  }
}

/** Read at each start of workerd. It has secrets in it, so no name leads to it, and it ends with this process. */
async function openConfig(
  options: WorkerdOptions,
  isolates: [string, ...string[]],
): Promise<FileHandle> {
  const { bundle, storage, hostProgram, variables, secrets } = options
  const objects = join(storage, 'do')
  await mkdir(objects, { recursive: true })
  const path = join(storage, `workerd-${randomUUID()}.capnp`)
  const file = await open(path, 'wx+', 0o600)
  await unlink(path)
  const texts = { ...variables, ...secrets }
  await file.writeFile(toConfigText({ bundle, isolates, objects, hostProgram, texts }))
  return file
}

function toLineReader({ onLine, onCallLines }: WorkerdOptions): WorkerdOptions['onLine'] {
  return (level, message) => {
    const lines = readLines(message)
    if (lines === undefined) onLine(level, message)
    else if (onCallLines !== undefined) onCallLines(lines)
    else for (const line of lines) onLine('info', line)
  }
}

function isolateNames({ isolates = 1 }: WorkerdOptions): [string, ...string[]] {
  const others = Array.from({ length: isolates - 1 }, (_, n) => `${WORKER}-${n + 2}`)
  return [WORKER, ...others]
}

function toAddress(host: string, port: number): string {
  return `${isIPv6(host) ? `[${host}]` : host}:${port}`
}

/** Where a client on this machine finds what listens on `host`. */
function toDialled(host: string): string {
  return ['0.0.0.0', '::', '[::]', '*'].includes(host) ? LOOPBACK : host
}
