/** MCP over Streamable HTTP in verbs, with every header and byte in the test's hand. */
import { LATEST_LEGACY, LATEST_MODERN, META, NAMED_PARAM } from '#protocol/mcp.ts'
import { EventReader, within, type Message } from './event-reader.ts'

export interface Target {
  url: string
  token: string
}

export interface Answer {
  status: number
  headers: Headers
  /** `{}` where the stream ended without it. */
  message: Message
  /** What came before the answer. */
  events: Message[]
}

export interface SendOptions {
  id?: string | number
  headers?: Record<string, string>
  /** Becomes `_meta.progressToken`. */
  progressToken?: string | number
}

const CLIENT_INFO = { name: 'hearth-test', version: '1.0.0' }
const ANSWER_MS = 30_000
let lastId = 0

/** One HTTP request; `undefined` takes a header away. */
export function send(
  { url, token }: Target,
  method: string,
  headers: Record<string, string | undefined> = {},
  body?: RequestInit['body'],
  signal?: AbortSignal,
): Promise<Response> {
  const all = {
    Authorization: `Bearer ${token}`,
    Accept: method === 'GET' ? 'text/event-stream' : 'application/json, text/event-stream',
    ...(method === 'POST' && { 'Content-Type': 'application/json' }),
    ...headers,
  }
  const given = Object.entries(all).filter((entry): entry is [string, string] => {
    return entry[1] !== undefined
  })
  return within(
    fetch(url, {
      method,
      headers: given,
      ...(body !== undefined && { body, duplex: 'half' }),
      ...(signal && { signal }),
    }),
    ANSWER_MS,
  )
}

/** An open answer: its stream where it is one, and the means to leave it. */
export async function open(
  target: Target,
  method: string,
  headers: Record<string, string>,
  body?: string,
): Promise<EventReader> {
  const abort = new AbortController()
  const response = await send(target, method, headers, body, abort.signal)
  return new EventReader(response, () => abort.abort())
}

export async function readAnswer(response: Response, id?: string | number): Promise<Answer> {
  const { status, headers } = response
  if (!headers.get('Content-Type')?.startsWith('text/event-stream')) {
    const message = JSON.parse(await within(response.text(), ANSWER_MS)) as Message
    return { status, headers, message, events: [] }
  }
  const reader = new EventReader(response, () => {})
  const messages = await reader.rest()
  const message = messages.find((one) => one.method === undefined && one.id === id)
  return {
    status,
    headers,
    message: message ?? {},
    events: messages.filter((one) => one !== message),
  }
}

export class LegacyClient {
  readonly target: Target
  readonly headers: Record<string, string>

  constructor(target: Target, sessionId: string, protocol: string = LATEST_LEGACY) {
    this.target = target
    this.headers = { 'Mcp-Session-Id': sessionId, 'MCP-Protocol-Version': protocol }
  }

  get sessionId(): string {
    return this.headers['Mcp-Session-Id'] ?? ''
  }

  async request(method: string, params = {}, options: SendOptions = {}): Promise<Answer> {
    const { id, body } = compose(method, params, options)
    return readAnswer(
      await send(this.target, 'POST', { ...this.headers, ...options.headers }, body),
      id,
    )
  }

  call(name: string, args = {}, options: SendOptions = {}): Promise<Answer> {
    return this.request('tools/call', { name, arguments: args }, options)
  }

  /** A call whose answer is left open. Resolves when its first bytes are there. */
  openCall(name: string, args = {}, options: SendOptions = {}): Promise<EventReader> {
    const { body } = compose('tools/call', { name, arguments: args }, options)
    return open(this.target, 'POST', { ...this.headers, ...options.headers }, body)
  }

  async notify(method: string, params = {}): Promise<Response> {
    const body = JSON.stringify({ jsonrpc: '2.0', method, params })
    return drained(await send(this.target, 'POST', this.headers, body))
  }

  /** Answers a request of the server's. */
  async respond(id: unknown, result: Record<string, unknown>): Promise<Response> {
    const body = JSON.stringify({ jsonrpc: '2.0', id, result })
    return drained(await send(this.target, 'POST', this.headers, body))
  }

  /** The GET stream. */
  stream(): Promise<EventReader> {
    return open(this.target, 'GET', this.headers)
  }

  resume(lastEventId: string): Promise<EventReader> {
    return open(this.target, 'GET', { ...this.headers, 'Last-Event-ID': lastEventId })
  }

  async delete(): Promise<Response> {
    return drained(await send(this.target, 'DELETE', this.headers))
  }
}

/** `initialize` and `notifications/initialized`. Throws the answer's text when there is no session. */
export async function initialize(
  target: Target,
  capabilities = {},
  protocolVersion: string = LATEST_LEGACY,
): Promise<LegacyClient> {
  const answer = await sendInitialize(target, capabilities, protocolVersion)
  const sessionId = answer.headers.get('Mcp-Session-Id')
  if (sessionId === null) throw new Error(`no session: ${JSON.stringify(answer.message)}`)
  const client = new LegacyClient(target, sessionId, protocolVersion)
  await client.notify('notifications/initialized')
  return client
}

/** `initialize` alone. */
export async function sendInitialize(
  target: Target,
  capabilities = {},
  protocolVersion: string = LATEST_LEGACY,
): Promise<Answer> {
  const params = { protocolVersion, capabilities, clientInfo: CLIENT_INFO }
  const { id, body } = compose('initialize', params, {})
  return readAnswer(await send(target, 'POST', {}, body), id)
}

export interface ModernOptions extends SendOptions {
  logLevel?: string
}

/** Every request stands alone. */
export class ModernClient {
  readonly target: Target
  readonly #capabilities: Record<string, unknown>
  readonly #info: { name: string; version: string }

  constructor(target: Target, capabilities = {}, name = CLIENT_INFO.name) {
    this.target = target
    this.#capabilities = capabilities
    this.#info = { ...CLIENT_INFO, name }
  }

  async request(method: string, params = {}, options: ModernOptions = {}): Promise<Answer> {
    const { id, body, headers } = this.compose(method, params, options)
    return readAnswer(await send(this.target, 'POST', headers, body), id)
  }

  /** `more` are further params: `requestState`, `inputResponses`. */
  call(name: string, args = {}, options: ModernOptions = {}, more = {}): Promise<Answer> {
    return this.request('tools/call', { name, arguments: args, ...more }, options)
  }

  openCall(name: string, args = {}, options: ModernOptions = {}): Promise<EventReader> {
    const { body, headers } = this.compose('tools/call', { name, arguments: args }, options)
    return open(this.target, 'POST', headers, body)
  }

  listen(notifications: Record<string, unknown>, id: string | number): Promise<EventReader> {
    const { body, headers } = this.compose('subscriptions/listen', { notifications }, { id })
    return open(this.target, 'POST', headers, body)
  }

  compose(method: string, params: Record<string, unknown>, options: ModernOptions = {}) {
    const meta = {
      [META.protocolVersion]: LATEST_MODERN,
      [META.clientCapabilities]: this.#capabilities,
      [META.clientInfo]: this.#info,
      ...(options.logLevel !== undefined && { [META.logLevel]: options.logLevel }),
    }
    const name = params[NAMED_PARAM[method] ?? '']
    const headers: Record<string, string> = {
      'MCP-Protocol-Version': LATEST_MODERN,
      'Mcp-Method': method,
      ...(typeof name === 'string' && { 'Mcp-Name': name }),
      ...options.headers,
    }
    return { ...compose(method, params, options, meta), headers }
  }
}

/** The text of a tool's result, parsed: fixtures answer with JSON. */
export function readTool<T>({ message }: { message: Message }): T {
  const content = message.result?.content as { text: string }[] | undefined
  if (content?.[0] === undefined) throw new Error(`no tool result: ${JSON.stringify(message)}`)
  return JSON.parse(content[0].text) as T
}

function compose(method: string, params: object, options: SendOptions, given?: object) {
  const { id = ++lastId, progressToken } = options
  const meta = { ...given, ...(progressToken !== undefined && { progressToken }) }
  const whole = Object.keys(meta).length === 0 ? params : { ...params, _meta: meta }
  return { id, body: JSON.stringify({ jsonrpc: '2.0', id, method, params: whole }) }
}

async function drained(response: Response): Promise<Response> {
  await response.arrayBuffer()
  return response
}
