/** HTTP and event streams, no more than many small requests at once need. */
import { Agent, request } from 'undici'

export interface Message {
  id?: string | number | null
  method?: string
  params?: Record<string, unknown>
  result?: Record<string, unknown>
  error?: { code: number; message: string; data?: Record<string, unknown> }
}

/** An event, or the whole body. */
export interface Received {
  text: string
  eventId: string | undefined
  /** `message` unless the event says otherwise. */
  event: string
}

export interface Reply {
  status: number
  header(name: string): string | undefined
  /** As they come. Throws when the connection breaks. */
  received: AsyncIterable<Received>
  /** Closes the connection, as a client that vanishes does. */
  leave(): void
}

export interface Outgoing {
  url: string
  token: string
  method?: 'GET' | 'POST'
  headers?: Record<string, string | undefined>
  body?: object
}

/** No answer takes longer than the longest call, and the start of its process. */
const HEADERS_MS = 60_000
const agent = new Agent({ connections: null, headersTimeout: HEADERS_MS, bodyTimeout: 0 })

export async function send({
  url,
  token,
  method = 'POST',
  headers,
  body,
}: Outgoing): Promise<Reply> {
  const abort = new AbortController()
  const response = await request(url, {
    method,
    dispatcher: agent,
    signal: abort.signal,
    headers: {
      authorization: `Bearer ${token}`,
      accept: method === 'GET' ? 'text/event-stream' : 'application/json, text/event-stream',
      ...(body && { 'content-type': 'application/json' }),
      ...headers,
    },
    body: body === undefined ? null : JSON.stringify(body),
  })
  const header = (name: string): string | undefined => {
    const value = response.headers[name]
    return Array.isArray(value) ? value[0] : value
  }
  response.body.on('error', () => undefined) // whoever reads it is told
  const isStream = header('content-type')?.startsWith('text/event-stream') === true
  return {
    status: response.statusCode,
    header,
    received: isStream ? readEvents(response.body) : readWhole(response.body),
    leave: () => abort.abort(),
  }
}

/** For what has no answer but its status. */
export async function post(outgoing: Outgoing): Promise<number> {
  const reply = await send(outgoing)
  for await (const _ of reply.received);
  return reply.status
}

export function parse({ text }: Received): Message | undefined {
  return text === '' ? undefined : (JSON.parse(text) as Message)
}

/** What a tool of the stamping servers answers. */
export function readTool({ result }: Message): {
  stamp?: string
  instance?: string
  told?: string
} {
  const content = result?.content as { text: string }[] | undefined
  return content?.[0] === undefined ? {} : (JSON.parse(content[0].text) as object)
}

async function* readWhole(body: AsyncIterable<Buffer>): AsyncGenerator<Received> {
  const pieces: Buffer[] = []
  for await (const piece of body) pieces.push(piece)
  yield { text: Buffer.concat(pieces).toString(), eventId: undefined, event: 'message' }
}

async function* readEvents(body: AsyncIterable<Buffer>): AsyncGenerator<Received> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const piece of body) {
    rest += decoder.decode(piece, { stream: true })
    for (let end = rest.indexOf('\n\n'); end >= 0; end = rest.indexOf('\n\n')) {
      yield parseEvent(rest.slice(0, end))
      rest = rest.slice(end + 2)
    }
  }
}

function parseEvent(text: string): Received {
  const read = (name: string): string | undefined => {
    const line = text.split('\n').find((one) => one.startsWith(`${name}:`))
    return line?.slice(name.length + 1).replace(/^ /, '')
  }
  return { text: read('data') ?? '', eventId: read('id'), event: read('event') ?? 'message' }
}
