/** MCP over HTTP+SSE (2024-11-05) in verbs: one stream, and posts beside it. */
import { within, type EventReader, type Message } from './event-reader.ts'
import { open, send, type SendOptions, type Target } from './http-client.ts'
import { waitUntil } from './processes.ts'

const CLIENT_INFO = { name: 'hearth-test', version: '1.0.0' }
const SILENCE_MS = 600_000
let lastId = 0

export class SSEClient {
  /** `…/sse/{server}` */
  readonly target: Target
  readonly response: Response
  /** Where to post. */
  readonly endpoint: string
  /** Resolves when the stream has ended, or broke. */
  readonly ended: Promise<void>
  readonly #stream: EventReader

  constructor(target: Target, stream: EventReader, endpoint: string) {
    this.target = target
    this.response = stream.response
    this.endpoint = endpoint
    this.#stream = stream
    this.ended = readAll(stream).catch(() => undefined)
  }

  /** Everything that came, in order. */
  get messages(): Message[] {
    return this.#stream.messages
  }

  /** The first that fits, also when it came before. Rejects when it does not come in time. */
  async message(fits: (message: Message) => boolean, deadlineMs?: number): Promise<Message> {
    await waitUntil(() => this.messages.some(fits), 'nothing came on the stream', deadlineMs)
    return this.messages.find(fits) ?? {}
  }

  get sessionId(): string {
    return new URL(this.endpoint).searchParams.get('sessionId') ?? ''
  }

  /** The POST alone, and its whole answer. */
  async post(
    message: object | string,
    headers: Record<string, string | undefined> = {},
    token = this.target.token,
  ): Promise<{ status: number; headers: Headers; text: string }> {
    const body = typeof message === 'string' ? message : JSON.stringify(message)
    const given = { Accept: undefined, ...headers }
    const response = await send({ url: this.endpoint, token }, 'POST', given, body)
    const { status } = response
    return { status, headers: response.headers, text: await within(response.text()) }
  }

  /** What the stream answers. Rejects when the POST is not accepted. */
  async request(method: string, params = {}, options: SendOptions = {}): Promise<Message> {
    const id = await this.begin(method, params, options)
    return this.answer(id)
  }

  call(name: string, args = {}, options: SendOptions = {}): Promise<Message> {
    return this.request('tools/call', { name, arguments: args }, options)
  }

  /** Resolves with the id, once the request is accepted. */
  async begin(method: string, params = {}, options: SendOptions = {}): Promise<string | number> {
    const { id = ++lastId, progressToken, headers } = options
    const meta = progressToken === undefined ? {} : { _meta: { progressToken } }
    const message = { jsonrpc: '2.0', id, method, params: { ...params, ...meta } }
    const { status, text } = await this.post(message, headers)
    if (status !== 202) throw new Error(`${method}: ${status} ${text}`)
    return id
  }

  answer(id: string | number): Promise<Message> {
    return this.message((message) => message.method === undefined && message.id === id)
  }

  async notify(method: string, params = {}): Promise<number> {
    return (await this.post({ jsonrpc: '2.0', method, params })).status
  }

  async respond(id: unknown, result: Record<string, unknown>): Promise<number> {
    return (await this.post({ jsonrpc: '2.0', id, result })).status
  }

  leave(): void {
    this.#stream.disconnect()
  }
}

/** A stream may be silent for longer than anything that is waited for. */
async function readAll(stream: EventReader): Promise<void> {
  while ((await stream.next(SILENCE_MS)) !== undefined);
}

/** A stream whose session has not begun. Throws where there is none. */
export async function openSSE(target: Target): Promise<SSEClient> {
  const stream = await open(target, 'GET', {})
  const { status } = stream.response
  if (status !== 200) throw new Error(`GET: ${status}`)
  const first = await stream.next()
  if (first?.other?.name !== 'endpoint') throw new Error('the first event is no endpoint')
  return new SSEClient(target, stream, new URL(first.other.data, target.url).href)
}

/** With `initialize` and `notifications/initialized`. */
export async function connectSSE(
  target: Target,
  capabilities = {},
  protocolVersion = '2024-11-05',
): Promise<SSEClient> {
  const client = await openSSE(target)
  const params = { protocolVersion, capabilities, clientInfo: CLIENT_INFO }
  const { error } = await client.request('initialize', params)
  if (error !== undefined) throw new Error(JSON.stringify(error))
  await client.notify('notifications/initialized')
  return client
}
