/** One request as it is, and its whole answer. */
import { EventReader } from '#test/support/event-reader.ts'

export interface HTTPRequest {
  method: string
  path: string
  headers?: Record<string, string>
  body?: string
}

export interface Answer {
  request: HTTPRequest
  status: number
  /** Without what differs with every request. */
  headers: [string, string][]
  challenge: string | null
  text: string
}

/** The JSON-RPC id of each request, by which its answer is known on a stream. */
export const ROW_ID = 'row'
const ANSWER_MS = 20_000
const FLEETING = new Set(['x-request-id', 'date'])
const ACKNOWLEDGED = 'notifications/subscriptions/acknowledged'

/** Rejects when there is no answer in time. */
export async function ask(
  origin: string,
  request: HTTPRequest,
  authorization: string | undefined,
): Promise<Answer> {
  const abort = new AbortController()
  const { method, path, headers, body } = request
  const response = await fetch(`${origin}${path}`, {
    method,
    headers: { ...headers, ...(authorization !== undefined && { Authorization: authorization }) },
    signal: AbortSignal.any([abort.signal, AbortSignal.timeout(ANSWER_MS)]),
    ...(body !== undefined && { body }),
  })
  const isStream = response.headers.get('Content-Type')?.startsWith('text/event-stream') === true
  const text = isStream
    ? await readStream(response, method, () => abort.abort())
    : await response.text()
  return {
    ...{ request, status: response.status, text },
    headers: [...response.headers].filter(([name]) => !FLEETING.has(name)),
    challenge: response.headers.get('WWW-Authenticate'),
  }
}

/** Its status, and its code where it has one. */
export function outcomeOf({ status, text }: Answer): string {
  const code = /"error":.*?"code":"(\w+)"/s.exec(text)?.[1]
  return code === undefined ? String(status) : `${status} ${code}`
}

/** Until the answer to the request; of a stream that has none, what it begins with. */
async function readStream(response: Response, method: string, leave: () => void): Promise<string> {
  if (method === 'GET') return readBeginning(response, leave)
  const reader = new EventReader(response, leave)
  for (;;) {
    const event = await reader.next(ANSWER_MS)
    if (event === undefined) break
    if (event.message?.id === ROW_ID || event.message?.method === ACKNOWLEDGED) break
  }
  reader.disconnect()
  return JSON.stringify(reader.events)
}

/** A comment, or the events that its client has not seen yet. */
async function readBeginning({ body }: Response, leave: () => void): Promise<string> {
  const reader = body?.getReader()
  const chunk = await reader?.read()
  leave()
  return new TextDecoder().decode(chunk?.value)
}
