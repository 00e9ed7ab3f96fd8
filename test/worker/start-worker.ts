/** The worker in workerd, without a host program: for what ends before a process is needed. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { workerProgram } from '#cli/runtime/programs.ts'
import { startWorkerd, type WorkerdOptions } from '#cli/runtime/workerd.ts'

export const ADMIN_TOKEN = 'admin-token-of-the-test'
/** An entry that can evict objects. */
export const EVICTABLE = fileURLToPath(new URL('../fixtures/evictable-worker.mjs', import.meta.url))
export const MASTER_KEY = '5e'.repeat(32)

export interface RunningWorker {
  url: URL
  /** Of each isolate. */
  readonly urls: URL[]
  /** Of a worker whose entry is `EVICTABLE`: the object's memory goes, its storage stays. */
  evict(binding: 'TENANT' | 'DIRECTORY', name: string): Promise<void>
  lines: string[]
  /** Paths of the objects' databases, by class. */
  databases(className: string): Promise<string[]>
  /** Everything that is stored, as Latin-1 text. */
  storedText(): Promise<string>
  admin(method: string, path: string, body: unknown): Promise<Response>
  /** On the same storage; `whileStopped` may change its files. */
  restart(secrets?: Record<string, string>, whileStopped?: () => unknown): Promise<void>
  stop(): Promise<void>
}

/** `entry` is a program that serves the worker over another server host. */
export async function startWorker(
  entry?: string,
  more: Partial<WorkerdOptions> = {},
): Promise<RunningWorker> {
  const bundle = await workerProgram(entry)
  const storage = await mkdtemp(join(tmpdir(), 'hearth-worker-'))
  const lines: string[] = []
  const start = (secrets: Record<string, string> = {}) =>
    startWorkerd({
      bundle,
      host: '127.0.0.1',
      port: 0,
      storage,
      hostProgram: '127.0.0.1:1',
      variables: {},
      secrets: {
        ...{ ADMIN_TOKEN, MASTER_KEY, TOKEN_PEPPER: 'pepper', HOST_PROGRAM_TOKEN: 'link' },
        ...secrets,
      },
      onLine: (_level, text) => lines.push(text),
      ...more,
    })
  let workerd = await start()

  const files = async (includes: string) => {
    const all = await readdir(storage, { recursive: true })
    return all.filter((path) => path.includes(includes)).map((path) => join(storage, path))
  }
  return {
    get url() {
      return workerd.url
    },
    get urls() {
      return workerd.urls
    },
    async evict(binding, name) {
      const query = new URLSearchParams({ reset: binding, name })
      const response = await fetch(new URL(`/?${query}`, workerd.url))
      const text = await response.text()
      if (!text.includes('reset by a test')) throw new Error(`not evicted: ${text}`)
    },
    lines,
    async databases(className) {
      const paths = await files(className)
      return paths.filter((path) => /\/[0-9a-f]{64}\.sqlite$/.test(path))
    },
    async storedText() {
      const paths = await files('.sqlite')
      const texts = paths.map((path) => readFile(path, 'latin1'))
      return (await Promise.all(texts)).join('')
    },
    admin: (method, path, body) =>
      fetch(new URL(`/admin/tenants/${path}`, workerd.url), {
        method,
        headers: { Authorization: `Bearer ${ADMIN_TOKEN}`, 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
      }),
    async restart(secrets, whileStopped) {
      await workerd.stop()
      try {
        await whileStopped?.()
      } finally {
        workerd = await start(secrets)
      }
    },
    async stop() {
      await workerd.stop()
      await rm(storage, { recursive: true, force: true })
    },
  }
}
