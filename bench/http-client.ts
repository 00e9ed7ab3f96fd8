/** Keep-alive HTTP, as little of it as MCP needs: the client shares the cores with what it measures. */
import { Agent, request, type IncomingMessage } from 'node:http'
import { CallFailed } from './peers/peer.ts'

const REQUEST_TIMEOUT_MS = 30_000

export interface Answer {
  status: number
  headers: IncomingMessage['headers']
  text: string
}

export interface HTTPClient {
  send(method: string, headers: Record<string, string>, body?: string): Promise<Answer>
  close(): void
}

/** One connection pool to one URL. */
export function createHTTPClient(url: string): HTTPClient {
  const agent = new Agent({ keepAlive: true, maxSockets: 256 })
  const { hostname, port, pathname } = new URL(url)
  return {
    send: (method, headers, body = '') =>
      new Promise((resolve, reject) => {
        const options = { agent, hostname, port, path: pathname, method, headers }
        const outgoing = request(options, (incoming) => collect(incoming).then(resolve, reject))
        outgoing.on('error', reject)
        outgoing.setTimeout(REQUEST_TIMEOUT_MS, () => outgoing.destroy(new Error('no answer')))
        outgoing.setHeader('content-length', Buffer.byteLength(body))
        outgoing.end(body)
      }),
    close: () => agent.destroy(),
  }
}

/** The JSON-RPC result in a JSON or SSE answer to request `id`. */
export function requireResult(answer: Answer, id: number): Record<string, unknown> {
  const isStream = answer.headers['content-type']?.startsWith('text/event-stream')
  const texts = isStream ? eventData(answer.text) : [answer.text]
  for (const text of texts) {
    const message = parse(text)
    if (message?.id === id && message.result) return message.result
  }
  throw new CallFailed(answer.status, answer.text)
}

interface Message {
  id?: unknown
  result?: Record<string, unknown>
}

function parse(text: string): Message | undefined {
  try {
    return JSON.parse(text) as Message
  } catch {
    // Not JSON-RPC, so not the answer: an HTML error page, or the empty priming event.
    return undefined
  }
}

/** No peer here splits a message over several `data:` lines. */
function eventData(text: string): string[] {
  return text
    .split('\n')
    .filter((line) => line.startsWith('data:'))
    .map((line) => line.slice(5))
}

function collect(incoming: IncomingMessage): Promise<Answer> {
  return new Promise((resolve, reject) => {
    let text = ''
    incoming.setEncoding('utf8')
    incoming.on('data', (chunk: string) => (text += chunk))
    incoming.on('error', reject)
    incoming.on('end', () =>
      resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text }),
    )
  })
}
