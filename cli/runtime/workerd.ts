/**
 * The worker and the Durable Objects in workerd. Clients talk to workerd's own socket: a call through
 * Miniflare's entry worker costs a third more.
 */
import type { ChildProcess } from 'node:child_process'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { Miniflare, NoOpLog, type MiniflareOptions } from 'miniflare'
import { readLines } from '#protocol/call-log.ts'
import { requireFreeAddress } from './free-address.ts'
import { guardAgainstOrphans } from './orphan-guard.ts'

/** The same as in wrangler.toml. */
export const COMPATIBILITY_DATE = '2026-11-01'

const WORKER = 'hearth'

/** Binding and class, as in wrangler.toml, but with the local server host. */
const OBJECTS = {
  TENANT: 'Tenant',
  SERVER_HOST: 'LocalServerHost',
  DIRECTORY: 'Directory',
  RATE_LIMITER: 'RateLimiter',
} as const

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
  /** For tests: how many requests one address may send in so many seconds. */
  floodShield?: { limit: number; period: 10 | 60 }
  /** For tests: isolates of the worker, over the same objects. Default 1. */
  isolates?: number
}

export interface Workerd {
  url: URL
  /** Of each isolate, the first one's first. */
  urls: URL[]
  /** Ends one Durable Object as the platform does when it is idle: memory goes, storage stays. */
  evict(className: (typeof OBJECTS)[keyof typeof OBJECTS], name: string): Promise<void>
  stop(): Promise<void>
}

/** Throws `Failure` for an address that cannot be listened on. */
export async function startWorkerd(options: WorkerdOptions): Promise<Workerd> {
  await requireFreeAddress(options.host, options.port)
  const stopping = new AbortController()
  const release = guardWorkerdProcesses((how) => {
    if (!stopping.signal.aborted)
      options.onLine('warn', `workerd ended (${how}); it is started again`)
  })
  const miniflare = createMiniflare(options)
  try {
    await miniflare.ready
    const names = isolateNames(options)
    const urls = await Promise.all(names.map((name) => miniflare.unsafeGetDirectURL(name)))
    return {
      url: await miniflare.unsafeGetDirectURL(WORKER),
      urls,
      evict: (className, name) => miniflare.unsafeEvictDurableObject(WORKER, className, { name }),
      stop: async () => {
        stopping.abort()
        await miniflare.dispose()
        release()
      },
    }
  } catch (error) {
    stopping.abort()
    await miniflare.dispose().catch(() => {}) // the first error is the one to tell
    release()
    throw error
  }
}

function createMiniflare(options: WorkerdOptions): Miniflare {
  const before = new Map(SIGNALS.map((signal) => [signal, new Set(process.listeners(signal))]))
  const miniflare = new Miniflare(toMiniflareOptions(options))
  // Miniflare ends the process on a signal; ours first lets running calls end.
  for (const [signal, listeners] of before) {
    for (const listener of process.listeners(signal)) {
      if (!listeners.has(listener)) process.removeListener(signal, listener)
    }
  }
  return miniflare
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

function toMiniflareOptions(options: WorkerdOptions): MiniflareOptions {
  const onCallLines =
    options.onCallLines ?? ((lines) => lines.forEach((line) => options.onLine('info', line)))
  return {
    host: '127.0.0.1',
    port: 0,
    cf: false,
    log: new NoOpLog(),
    logRequests: false,
    enableDevRegistry: false,
    resourcePersistencePath: options.storage,
    handleStructuredLogs: ({ level, message }) => {
      const lines = readLines(message)
      if (lines === undefined) options.onLine(level, message)
      else onCallLines(lines)
    },
    workers: isolateNames(options).map((name, n) => ({
      config: {
        name,
        compatibilityDate: COMPATIBILITY_DATE,
        manifest: {
          mainModule: 'worker.js',
          modules: { 'worker.js': { type: 'esm' as const, contents: options.bundle } },
        },
        env: toBindings(options),
        ...(name === WORKER && { exports: objectExports() }),
      },
      // Only the first is where the address says.
      dev: { unsafeDirectSockets: [{ host: options.host, port: n === 0 ? options.port : 0 }] },
    })),
  }
}

function isolateNames({ isolates = 1 }: WorkerdOptions): string[] {
  return Array.from({ length: isolates }, (_, n) => (n === 0 ? WORKER : `${WORKER}-${n + 1}`))
}

function toBindings({ variables, secrets, hostProgram, floodShield }: WorkerdOptions) {
  return {
    ...textBindings(variables),
    ...textBindings(secrets),
    ...objectBindings(),
    // A binding: what is fetched by URL goes through a worker of Miniflare's.
    HOST_PROGRAM: { type: 'external' as const, address: hostProgram, http: {} },
    ...(floodShield && {
      FLOOD_SHIELD: { type: 'rate-limit' as const, namespace: WORKER, simple: floodShield },
    }),
  }
}

function objectExports() {
  return Object.fromEntries(
    Object.values(OBJECTS).map((className) => [
      className,
      { type: 'durable-object' as const, storage: 'sqlite' as const },
    ]),
  )
}

function textBindings(values: Record<string, string>) {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, { type: 'text' as const, value }]),
  )
}

function objectBindings() {
  return Object.fromEntries(
    Object.entries(OBJECTS).map(([binding, exportName]) => [
      binding,
      { type: 'durable-object' as const, worker: WORKER, exportName },
    ]),
  )
}

/** Guards each workerd that Miniflare starts, also those it starts after a crash, and tells of their deaths. */
function guardWorkerdProcesses(onDeath: (how: string) => void): () => void {
  const releases = new Set<() => void>()
  const onCreated = (message: unknown): void => {
    const { process: child } = message as { process: ChildProcess }
    child.once('spawn', () => {
      if (!child.spawnargs.includes('--control-fd=3')) return
      const release = guardAgainstOrphans(child)
      releases.add(release)
      child.once('exit', (code, signal) => {
        releases.delete(release)
        release()
        onDeath(signal ?? `code ${code}`)
      })
    })
  }
  subscribe('child_process', onCreated)
  return () => {
    unsubscribe('child_process', onCreated)
    for (const release of releases) release()
  }
}
