/** The JSON-RPC messages in the answers that a session gives over Streamable HTTP. */

const LINE_FEED = 0x0a
const CARRIAGE_RETURN = 0x0d
const SPACE = 0x20
const DATA = new TextEncoder().encode('data: ')
/** Room for a usual message; it grows with what comes. */
const FIRST_BYTES = 4_096

/** Each as soon as it is whole, and on one line. The body is cancelled when its reader stops early. */
export async function* readMessages(response: Response): AsyncGenerator<Uint8Array> {
  if (response.body === null) return
  if (response.headers.get('content-type') === 'text/event-stream') {
    yield* readEvents(response.body)
    return
  }
  const bytes = new Uint8Array(await response.arrayBuffer())
  if (bytes.length > 0) yield joinLines(bytes)
}

async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = body.getReader()
  const blocks = new Blocks()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      blocks.add(value)
      yield* blocks.takeAll().flatMap((block) => dataOf(block) ?? [])
    }
  } finally {
    reader.cancel().catch(() => undefined)
  }
}

/**
 * Cuts bytes at empty lines. A message comes in thousands of chunks, so its bytes are looked at once
 * and copied a few times at most.
 */
export class Blocks {
  #bytes = new Uint8Array(FIRST_BYTES)
  #length = 0
  /** Up to here there is no end of a block. */
  #searched = 0

  add(chunk: Uint8Array): void {
    const needed = this.#length + chunk.length
    if (needed > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(needed, 2 * this.#bytes.length))
      larger.set(this.#bytes.subarray(0, this.#length))
      this.#bytes = larger
    }
    this.#bytes.set(chunk, this.#length)
    this.#length = needed
  }

  /** Those that are whole by now. */
  takeAll(): Uint8Array[] {
    const bytes = this.#bytes.subarray(0, this.#length)
    const blocks: Uint8Array[] = []
    let start = 0
    let at = bytes.indexOf(LINE_FEED, this.#searched)
    while (at !== -1 && at + 1 < bytes.length) {
      const isEnd = bytes[at + 1] === LINE_FEED
      if (isEnd) {
        blocks.push(bytes.slice(start, at))
        start = at + 2
      }
      at = bytes.indexOf(LINE_FEED, isEnd ? start : at + 1)
    }
    this.#keep(bytes, start)
    this.#searched = (at === -1 ? bytes.length : at) - start
    return blocks
  }

  #keep(bytes: Uint8Array, start: number): void {
    if (start === 0) return
    const rest = bytes.subarray(start)
    this.#bytes = new Uint8Array(Math.max(FIRST_BYTES, rest.length))
    this.#bytes.set(rest)
    this.#length = rest.length
  }
}

/** `undefined` for a comment, and for the event without data that begins a stream. */
function dataOf(block: Uint8Array): Uint8Array | undefined {
  // The streams of this object have an id before the data, or nothing.
  const start = startsWithData(block, 0) ? 0 : block.indexOf(LINE_FEED) + 1
  if (!startsWithData(block, start)) return undefined
  const data = block.subarray(start + DATA.length)
  return data.length === 0 ? undefined : joinLines(data)
}

function startsWithData(block: Uint8Array, at: number): boolean {
  return DATA.every((byte, n) => block[at + n] === byte)
}

/** In JSON a raw line break stands only between tokens, where a space means the same. In place. */
function joinLines(bytes: Uint8Array): Uint8Array {
  for (const lineBreak of [LINE_FEED, CARRIAGE_RETURN]) {
    let at = bytes.indexOf(lineBreak)
    for (; at !== -1; at = bytes.indexOf(lineBreak, at + 1)) bytes[at] = SPACE
  }
  return bytes
}
