/**
 * Server-sent events out of the bytes of a response (WHATWG HTML, 9.2.6), bounded: an event over
 * `maxEventBytes` is discarded and told of, so that one answer cannot fill the memory. Chunks may be
 * cut anywhere. Data stays bytes: it is JSON that travels on as it came.
 */

import { markLength } from '../byte-order-mark.ts'

/** An id is sent back in a header. */
const MAX_EVENT_ID_CHARS = 1_024
/** Names of fields, and the values of all but `data`. */
const MAX_FIELD_BYTES = 4_096

const LF = 0x0a
const CR = 0x0d
const COLON = 0x3a
const SPACE = 0x20

const DIGITS = /^\d{1,9}$/
const decoder = new TextDecoder()

export interface ServerEvent {
  /** `message` where the stream names none. */
  name: string
  data: Uint8Array
}

export interface EventParserOptions {
  /** Of `data`. */
  maxEventBytes: number
  onEvent: (event: ServerEvent) => void
  onOversize: () => void
}

export class EventParser {
  /** Of the newest event that had one; empty where the server took it back. */
  lastEventId: string | undefined
  /** What the server asks to wait before a new connection. Milliseconds. */
  retryMs: number | undefined
  readonly #options: EventParserOptions
  readonly #line = new Pieces()
  #afterCR = false
  #isFirstLine = true
  #skipsLine = false
  #data: Uint8Array[] = []
  #dataBytes = 0
  #name = ''
  #id: string | undefined
  #isOversize = false

  constructor(options: EventParserOptions) {
    this.#options = options
  }

  push(chunk: Uint8Array): void {
    let start = this.#afterCR && chunk[0] === LF ? 1 : 0
    if (chunk.length > 0) this.#afterCR = false
    for (let at = start; at < chunk.length; at++) {
      const byte = chunk[at]
      if (byte !== LF && byte !== CR) continue
      this.#endLine(chunk.subarray(start, at))
      if (byte === CR && at + 1 === chunk.length) this.#afterCR = true
      if (byte === CR && chunk[at + 1] === LF) at++
      start = at + 1
    }
    this.#keep(chunk.subarray(start))
  }

  /** The copy keeps nothing of a chunk that is otherwise read. */
  #keep(rest: Uint8Array): void {
    if (rest.length === 0 || this.#skipsLine) return
    if (this.#line.byteLength + rest.length > this.#options.maxEventBytes + MAX_FIELD_BYTES) {
      this.#skipsLine = true
      this.#line.take()
      this.#markOversize()
      return
    }
    this.#line.add(rest.slice())
  }

  #endLine(end: Uint8Array): void {
    if (this.#skipsLine) {
      this.#skipsLine = false
      return
    }
    const line = this.#line.byteLength === 0 ? end : this.#line.take(end)
    const bytes = this.#isFirstLine ? line.subarray(markLength(line)) : line
    this.#isFirstLine = false
    if (bytes.length === 0) this.#endEvent()
    else this.#readField(bytes)
  }

  #readField(line: Uint8Array): void {
    const colon = line.indexOf(COLON)
    if (colon === 0) return
    const name = decoder.decode(line.subarray(0, Math.min(colon === -1 ? line.length : colon, 16)))
    const from = colon === -1 ? line.length : line[colon + 1] === SPACE ? colon + 2 : colon + 1
    const value = line.subarray(from)
    if (name === 'data') return this.#addData(value)
    if (value.length > MAX_FIELD_BYTES) return
    const text = decoder.decode(value)
    if (name === 'event') this.#name = text
    else if (name === 'id' && !text.includes('\0') && text.length <= MAX_EVENT_ID_CHARS) {
      this.#id = text
    } else if (name === 'retry' && DIGITS.test(text)) this.retryMs = Number(text)
  }

  #addData(value: Uint8Array): void {
    if (this.#isOversize) return
    this.#dataBytes += value.length + (this.#data.length > 0 ? 1 : 0)
    if (this.#dataBytes > this.#options.maxEventBytes) return this.#markOversize()
    this.#data.push(value.slice())
  }

  #markOversize(): void {
    this.#isOversize = true
    this.#data = []
  }

  #endEvent(): void {
    const { onEvent, onOversize } = this.#options
    if (this.#id !== undefined) this.lastEventId = this.#id
    const [data, name, isOversize] = [this.#data, this.#name, this.#isOversize]
    this.#data = []
    this.#dataBytes = 0
    this.#name = ''
    this.#isOversize = false
    if (isOversize) onOversize()
    else if (data.length > 0) onEvent({ name: name === '' ? 'message' : name, data: join(data) })
  }
}

/** The parts of a line that came in several chunks. */
class Pieces {
  byteLength = 0
  #pieces: Uint8Array[] = []

  add(piece: Uint8Array): void {
    this.#pieces.push(piece)
    this.byteLength += piece.length
  }

  take(last?: Uint8Array): Uint8Array {
    const whole = concatenate(last === undefined ? this.#pieces : [...this.#pieces, last], 0)
    this.#pieces = []
    this.byteLength = 0
    return whole
  }
}

/** Lines of data are joined by line feeds. */
function join(lines: Uint8Array[]): Uint8Array {
  const [only] = lines
  return lines.length === 1 && only !== undefined ? only : concatenate(lines, 1)
}

/** `gap` line feeds, none or one, between the pieces. */
function concatenate(pieces: readonly Uint8Array[], gap: 0 | 1): Uint8Array {
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0)
  const whole = new Uint8Array(length + gap * Math.max(0, pieces.length - 1)).fill(LF)
  let at = 0
  for (const piece of pieces) {
    whole.set(piece, at)
    at += piece.length + gap
  }
  return whole
}
