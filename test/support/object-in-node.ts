/**
 * A `ServerHost` in this process: its storage is SQLite in memory, and its host program is the test's.
 * What no test outside of workerd can see shows here: what is done in one step, and what a call makes.
 */
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import { ServerHost } from '#durable-objects/server-host/server-host.ts'
import { CATALOG, DEFAULT_CATALOG, type CatalogView } from '#protocol/catalog.ts'
import { toHostRequest, type HostCall } from '#protocol/host-call.ts'
import type { SentMeta } from '#protocol/link.ts'
import { decodeFrame, encodeFrame, FRAME, LINK_VERSION } from '#protocol/link/frame.ts'
import { ServerConfig } from '#protocol/server-config.ts'

interface Message {
  id?: string | number
  method: string
  params?: Record<string, unknown>
}

/** A request that a process was sent. */
export interface Received extends Message {
  /** The process. */
  channel: number
  answer: (result: object) => void
  fail: (error: object) => void
  /** A notification about this request. */
  notify: (method: string, params: object) => void
  /** A request of the process's own, for its client. */
  ask: (id: number, method: string, params: object) => void
}

export interface ObjectInNodeOptions {
  /** Of its only server. */
  config?: object
  /** Which one its server speaks. Default: legacy. */
  era?: 'legacy' | 'modern'
  /** What its processes answer by themselves, by method. */
  answers?: Record<string, object>
}

export const SERVER = 'everything'
const DISCOVERED = {
  resultType: 'complete',
  supportedVersions: ['2026-07-28'],
  capabilities: { tools: {} },
  serverInfo: { name: 'everything', version: '1' },
  ttlMs: 0,
  cacheScope: 'private',
}
/** Of one era or the other. */
const BEGINNINGS: ReadonlySet<string> = new Set(['initialize', 'server/discover'])
const UNKNOWN = { code: -32601, message: 'unknown' }
const INITIALIZED = {
  protocolVersion: '2025-06-18',
  capabilities: { tools: {} },
  serverInfo: { name: 'everything', version: '1' },
}

export class ObjectInNode {
  readonly host: ServerHost
  /** Requests without an answer, but for those that bring a process up. */
  readonly received: Received[] = []
  /** Notifications, with the process that got each. */
  readonly notified: (Message & { channel: number })[] = []
  /** What clients answered to what their processes asked. */
  readonly responses: object[] = []
  readonly #link: ProcessLink
  readonly #answers: Map<string, object>
  #calls = 0

  constructor({ config: own = {}, era = 'legacy', answers }: ObjectInNodeOptions = {}) {
    const begins =
      era === 'modern' ? { 'server/discover': DISCOVERED } : { initialize: INITIALIZED }
    this.#answers = new Map(Object.entries({ ...begins, ...answers }))
    const config = ServerConfig.parse({ command: 'everything', ...own })
    const secrets = { secrets: [], missing: [], unusable: [], isPersonal: false }
    const server = { config, identity: 'everything', ...secrets, command: '', args: [], env: {} }
    this.#link = new ProcessLink({
      onRequest: (request) => this.#take(request),
      onNotification: (message, channel) => this.notified.push({ ...message, channel }),
      onResponse: (response) => this.responses.push(response),
    })
    const link = this.#link
    this.host = new ServerHost({
      ...{ tenant: 'acme', keepAliveMs: 15_000, log: undefined },
      storage: createStorage() as never,
      hostProgram: () => ({ dial: () => Promise.resolve(link as never), isUp: () => true }),
      launches: async () => {
        return { version: 1, servers: { [SERVER]: server }, catalog: DEFAULT_CATALOG, routes: [] }
      },
    })
  }

  /** The session's id. `catalog`: of all servers, as its client sees them. */
  async initialize(capabilities = {}, catalog?: CatalogView): Promise<string> {
    const params = { protocolVersion: '2025-06-18', capabilities, clientInfo: {} }
    const all = catalog === undefined ? {} : { server: CATALOG, catalog }
    const begin = this.request({ id: 0, method: 'initialize', params }, all)
    const response = await this.host.fetch(begin)
    return response.headers.get('mcp-session-id') ?? ''
  }

  /** A client's answer to what it was asked, as the worker forwards it. */
  response(id: number, result: object, more: Partial<HostCall>): Request {
    const envelope = { kind: 'response', id, failed: false } as const
    return this.#toRequest({ jsonrpc: '2.0', id, result }, { envelope, ...more })
  }

  /** As the worker forwards it. */
  request({ id = 0, method, params = {} }: Message, more: Partial<HostCall> = {}): Request {
    const envelope = { kind: 'request', id, method } as const
    return this.#toRequest({ jsonrpc: '2.0', id, method, params }, { envelope, ...more })
  }

  #toRequest(message: object, more: Partial<HostCall>): Request {
    const call: HostCall = {
      ...{ requestId: `call-${++this.#calls}`, receivedAt: Date.now(), tenant: 'acme' },
      ...{ principal: 'token:a', credential: 'token:a', server: SERVER, configVersion: 1 },
      ...{ era: 'legacy', http: 'POST' },
      ...more,
    }
    const text = JSON.stringify(message)
    return new Request('https://host/', toHostRequest(call, { bytes: Buffer.from(text), text }))
  }

  /** A process crashes. */
  exit(channel: number): void {
    this.#link.exit(channel)
  }

  #take(request: Received): void {
    const { method } = request
    const answer = this.#answers.get(method)
    if (answer !== undefined) request.answer(answer)
    else if (BEGINNINGS.has(method)) request.fail(UNKNOWN)
    else this.received.push(request)
  }
}

interface ProcessLinkOptions {
  onRequest: (request: Received) => void
  onNotification: (message: Message, channel: number) => void
  onResponse: (response: object) => void
}

/** The host program's end: each channel has a process. */
class ProcessLink extends EventTarget {
  binaryType = 'blob'
  readonly #options: ProcessLinkOptions
  #seq = 0
  #received = 0

  constructor(options: ProcessLinkOptions) {
    super()
    this.#options = options
  }

  exit(channel: number): void {
    const meta = { exitCode: 1, signal: null, reason: 'crashed' }
    this.#say({ type: FRAME.exit, channel, meta })
  }

  accept(): void {}
  close(): void {}

  send(bytes: Uint8Array): void {
    const { type, seq, channel, meta, payload } = decodeFrame(bytes)
    if (type === FRAME.hello) queueMicrotask(() => this.#welcome())
    if (type === FRAME.hello || type === FRAME.ack) return
    this.#received = seq
    if (type === FRAME.open)
      this.#say({ type: FRAME.opened, channel, meta: { pid: 1, warm: true } })
    if (type !== FRAME.message) return
    const message = JSON.parse(Buffer.from(payload).toString()) as Message
    const { id, method } = message
    if (method === undefined) return this.#options.onResponse(message)
    if (id === undefined) return this.#options.onNotification(message, channel)
    const { call } = meta as SentMeta
    const say = (about: object, body: object): void => {
      const sent = Buffer.from(JSON.stringify({ jsonrpc: '2.0', ...body }))
      this.#say({ type: FRAME.message, channel, meta: { ...about, call }, payload: sent })
    }
    this.#options.onRequest({
      ...{ ...message, channel },
      answer: (result) => say({ kind: 'response', id, ms: 1 }, { id, result }),
      fail: (error) => say({ kind: 'response', id, ms: 1, failed: true }, { id, error }),
      notify: (about, params) =>
        say({ kind: 'notification', method: about }, { method: about, params }),
      ask: (asked, about, params) =>
        say({ kind: 'request', id: asked, method: about }, { id: asked, method: about, params }),
    })
  }

  #welcome(): void {
    const meta = { version: LINK_VERSION, instance: 'one', resumed: false, channels: [] }
    this.#tell(encodeFrame({ type: FRAME.hello, channel: 0, meta }))
  }

  #say(frame: { type: number; channel: number; meta: unknown; payload?: Uint8Array }): void {
    this.#tell(encodeFrame({ ...frame, seq: ++this.#seq, ack: this.#received }))
  }

  #tell(bytes: Uint8Array): void {
    this.dispatchEvent(Object.assign(new Event('message'), { data: bytes.buffer }))
  }
}

function createStorage() {
  const database = new DatabaseSync(':memory:')
  const values = new Map<string, unknown>()
  const exec = (query: string, ...bound: SQLInputValue[]) => {
    // A migration has several statements, and binds none.
    const isOne = bound.length > 0 || /^\s*SELECT/i.test(query)
    const rows = isOne ? database.prepare(query).all(...bound) : []
    if (!isOne) database.exec(query)
    return { toArray: () => rows, one: () => rows[0] }
  }
  return {
    sql: { exec },
    kv: {
      get: (key: string) => values.get(key),
      put: (key: string, value: unknown) => void values.set(key, value),
      delete: (key: string) => values.delete(key),
      list: ({ prefix }: { prefix: string }) =>
        [...values].filter(([key]) => key.startsWith(prefix)),
    },
    transactionSync: <T>(act: () => T): T => act(),
  }
}
