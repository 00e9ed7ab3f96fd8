/** A request's body: bounded, UTF-8, JSON, and on one line. */
import { markLength } from '#protocol/byte-order-mark.ts'
import { GatewayError } from '#protocol/errors.ts'
import type { Intake } from './bodies/intake.ts'
import { SMALL_BODY_BYTES } from './bodies/body-budget.ts'

/** Fatal: replacement characters would change what the server gets. A second byte order mark is no JSON. */
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
/** Longest wait for the rest of a refused body. */
const DISCARD_MS = 10_000
const CONTENT_LENGTH = /^\d{1,15}$/
const LINE_FEED = 0x0a
const CARRIAGE_RETURN = 0x0d
const SPACE = 0x20

export interface JSONBody {
  /** The bytes as they came, line breaks between tokens made spaces: stdio frames are lines. */
  bytes: Uint8Array
  text: string
  value: unknown
}

/**
 * Rejects with `body_too_large` as soon as the bound is passed, `body_too_slow`, `too_many_bytes`,
 * `call_cancelled` and `parse_error`. A large body keeps its room until `intake` is released.
 */
export function readJSONBody(
  request: Request,
  maxBytes: number,
  intake: Intake,
): Promise<JSONBody> {
  return readBytes(request, maxBytes, intake).then((bytes) => {
    if (bytes.length > maxBytes) throw tooLarge(maxBytes)
    intake.settle(bytes.length)
    return parseBody(bytes)
  })
}

/** Throws `parse_error`. The bytes are its own from here on. */
export function parseBody(given: Uint8Array): JSONBody {
  const bytes = given.subarray(markLength(given))
  try {
    const text = decoder.decode(bytes)
    const value: unknown = JSON.parse(text)
    joinLines(bytes)
    return { bytes, text, value }
  } catch {
    // The parser's message would quote the body.
    throw new GatewayError('parse_error')
  }
}

/**
 * Reads what is left of a body that is refused, up to `maxBytes` and for 10 s: a client that is still sending
 * when the connection closes does not see why.
 */
export async function discardBody({ body }: Request, maxBytes: number): Promise<void> {
  if (body === null || body.locked) return
  const reader = body.getReader()
  // A cancelled reader is done.
  const timer = setTimeout(() => void reader.cancel(), DISCARD_MS)
  try {
    for (let left = maxBytes; left > 0;) {
      const { done, value } = await reader.read()
      if (done) return
      left -= value.length
    }
  } catch {
    // The client has gone; there is nobody to answer.
  } finally {
    clearTimeout(timer)
    reader.releaseLock()
  }
}

function readBytes(request: Request, maxBytes: number, intake: Intake): Promise<Uint8Array> {
  const declared = request.headers.get('Content-Length')
  const isDeclared = declared !== null && CONTENT_LENGTH.test(declared)
  // All that nearly every call needs.
  if (isDeclared && Number(declared) <= SMALL_BODY_BYTES && Number(declared) <= maxBytes) {
    return intake.arrival.inTime(request.bytes())
  }
  return readLarge(request, isDeclared ? Number(declared) : undefined, { maxBytes, intake })
}

/** `declared`: its length, where its sender has said it. */
async function readLarge(
  { body }: Request,
  declared: number | undefined,
  { maxBytes, intake }: { maxBytes: number; intake: Intake },
): Promise<Uint8Array> {
  if (declared !== undefined && declared > maxBytes) throw tooLarge(maxBytes)
  if (body === null) return new Uint8Array(0)
  if (declared !== undefined) await intake.makeRoom(declared)
  return readChunks(body, { maxBytes, intake, hasRoom: declared !== undefined })
}

async function readChunks(
  body: ReadableStream<Uint8Array>,
  { maxBytes, intake, hasRoom }: { maxBytes: number; intake: Intake; hasRoom: boolean },
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  const reader = body.getReader()
  try {
    for (;;) {
      const { done, value } = await intake.arrival.inTime(reader.read())
      if (done) return concatenate(chunks, length)
      length += value.length
      if (length > maxBytes) throw tooLarge(maxBytes)
      // Nobody knows how long it will be.
      if (length > SMALL_BODY_BYTES && !hasRoom) await intake.makeRoom(maxBytes)
      hasRoom ||= length > SMALL_BODY_BYTES
      chunks.push(value)
      await intake.add(value.length)
    }
  } catch (error) {
    if (GatewayError.is(error) && error.code === 'body_too_slow') await reader.cancel()
    throw error
  } finally {
    reader.releaseLock()
  }
}

function concatenate(chunks: Uint8Array[], length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.length
  }
  return bytes
}

/** In JSON a raw line break stands only between tokens, so a space means the same. In place. */
function joinLines(bytes: Uint8Array): void {
  for (const lineBreak of [LINE_FEED, CARRIAGE_RETURN]) {
    let at = bytes.indexOf(lineBreak)
    for (; at !== -1; at = bytes.indexOf(lineBreak, at + 1)) bytes[at] = SPACE
  }
}

function tooLarge(maxBytes: number): GatewayError {
  return new GatewayError('body_too_large', {
    detail: `at most ${maxBytes} bytes`,
    data: { maxBytes },
  })
}
