/** A server-sent event stream, read event by event with a deadline. */

export interface StreamEvent {
  id: string | undefined
  /** `undefined` for an event without data, as a stream begins with, and for one of another name. */
  message: Message | undefined
  /** Of an event that is no message: its data. */
  other?: { name: string; data: string }
}

/** A JSON-RPC message, as loosely as a test looks at it. */
export interface Message {
  id?: string | number | null
  method?: string
  params?: Record<string, unknown>
  result?: Record<string, unknown>
  error?: { code: number; message: string; data?: Record<string, unknown> }
}

const DEADLINE_MS = 10_000

export class EventReader {
  readonly response: Response
  /** Everything read so far, in order. */
  readonly events: StreamEvent[] = []
  readonly #reader: ReadableStreamDefaultReader<string>
  readonly #disconnect: () => void
  #text = ''

  constructor(response: Response, disconnect: () => void) {
    if (response.body === null) throw new Error(`no body with status ${response.status}`)
    this.response = response
    this.#reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
    this.#disconnect = disconnect
  }

  get lastEventId(): string | undefined {
    return this.events.findLast(({ id }) => id !== undefined)?.id
  }

  /** The messages read so far. */
  get messages(): Message[] {
    return this.events.flatMap(({ message }) => message ?? [])
  }

  /** The next event; `undefined` at the end. Rejects when neither comes in time. */
  async next(deadlineMs = DEADLINE_MS): Promise<StreamEvent | undefined> {
    for (;;) {
      const end = this.#text.indexOf('\n\n')
      if (end >= 0) {
        const event = parseEvent(this.#text.slice(0, end))
        this.#text = this.#text.slice(end + 2)
        if (event === undefined) continue
        this.events.push(event)
        return event
      }
      const { done, value } = await within(this.#reader.read(), deadlineMs)
      if (done) return undefined
      this.#text += value
    }
  }

  /** The next message that fits; earlier ones are in `messages`. Rejects at the end of the stream. */
  async message(fits: (message: Message) => boolean = () => true): Promise<Message> {
    for (;;) {
      const event = await this.next()
      if (event === undefined) throw new Error('the stream ended')
      if (event.message !== undefined && fits(event.message)) return event.message
    }
  }

  /** Reads to the end. */
  async rest(): Promise<Message[]> {
    const from = this.messages.length
    while ((await this.next()) !== undefined);
    return this.messages.slice(from)
  }

  /** Closes the connection, as a client that vanishes does. */
  disconnect(): void {
    this.#disconnect()
    this.#reader.cancel().catch(() => {}) // it rejects with the abort itself
  }
}

/** Rejects when the promise is not settled in time. */
export async function within<T>(promise: Promise<T>, deadlineMs = DEADLINE_MS): Promise<T> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(
    () => late.reject(new Error(`nothing within ${deadlineMs} ms`)),
    deadlineMs,
  )
  return Promise.race([promise, late.promise]).finally(() => clearTimeout(timer))
}

function parseEvent(text: string): StreamEvent | undefined {
  const fields = text.split('\n').filter((line) => line !== '' && !line.startsWith(':'))
  if (fields.length === 0) return undefined
  const data = read(fields, 'data')
  const [id, name = 'message'] = [read(fields, 'id'), read(fields, 'event')]
  if (name !== 'message') return { id, message: undefined, other: { name, data: data ?? '' } }
  return {
    id,
    message: data === undefined || data === '' ? undefined : (JSON.parse(data) as Message),
  }
}

function read(fields: string[], name: string): string | undefined {
  const field = fields.find((line) => line.startsWith(`${name}:`))
  return field?.slice(name.length + 1).replace(/^ /, '')
}
