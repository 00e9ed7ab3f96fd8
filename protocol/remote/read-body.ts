/** Bodies of a remote server's answers, bounded. */
import { EventParser, type EventParserOptions } from './event-parser.ts'

type Body = ReadableStream<Uint8Array> | null

/** `undefined` for one that is larger. Throws what the stream fails with. */
export async function readBody(body: Body, maxBytes: number): Promise<Uint8Array | undefined> {
  const pieces: Uint8Array[] = []
  let length = 0
  const isWhole = await readChunks(body, (chunk) => {
    length += chunk.length
    if (length > maxBytes) return false
    pieces.push(chunk)
    return true
  })
  if (!isWhole) return undefined
  const whole = new Uint8Array(length)
  let at = 0
  for (const piece of pieces) {
    whole.set(piece, at)
    at += piece.length
  }
  return whole
}

/** Where a stream of events was when it ended. */
export interface Position {
  lastEventId: string | undefined
  retryMs: number | undefined
  /** Why it was cut; absent when the server ended it. */
  cut?: unknown
}

/** Reads to the end, which a cut connection is, too. */
export async function readEvents(body: Body, options: EventParserOptions): Promise<Position> {
  const parser = new EventParser(options)
  const cut = await readChunks(body, (chunk) => {
    parser.push(chunk)
    return true
  }).then(
    () => ({}),
    (error: unknown) => ({ cut: error }),
  )
  return { lastEventId: parser.lastEventId, retryMs: parser.retryMs, ...cut }
}

/** Lets go of a body that nobody reads. */
export async function discard(body: Body): Promise<void> {
  await body?.cancel().catch(() => undefined) // its connection is gone already
}

/** False when `take` wanted no more. */
async function readChunks(body: Body, take: (chunk: Uint8Array) => boolean): Promise<boolean> {
  if (body === null) return true
  const reader = body.getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return true
    if (take(value)) continue
    await reader.cancel().catch(() => undefined)
    return false
  }
}
