/** Bytes of a child's standard output to lines. Knows nothing of JSON. */

import { markLength } from '#protocol/byte-order-mark.ts'

/** What is kept of each end of a discarded line: enough to find a response's id. */
export const EDGE_BYTES = 4 * 1024

const LF = 0x0a
const CR = 0x0d
const SPACE = 0x20

export interface LineSink {
  /** One line without its end, in one piece; the receiver owns it. Never empty. */
  onLine(line: Buffer): void
  /** A line over the bound was discarded; its first and last bytes, up to `EDGE_BYTES` each. */
  onOversize(head: Buffer, tail: Buffer): void
}

/**
 * Cuts at LF. A raw CR inside a line becomes a space: JSON allows it only between tokens, and it
 * would end an SSE field. Holds at most `maxBytes` (twice that while it grows).
 */
export class LineSplitter {
  readonly #maxBytes: number
  readonly #sink: LineSink
  #partial: Buffer | undefined
  #length = 0
  /** No line has ended yet: it may begin with a byte order mark. */
  #isFirst = true
  #head: Buffer | undefined
  #tail: Buffer = Buffer.alloc(0)

  constructor(maxBytes: number, sink: LineSink) {
    this.#maxBytes = maxBytes
    this.#sink = sink
  }

  /**
   * The splitter owns the chunk from here on, but for what it returns: what follows a line after which
   * `goOn` was false.
   */
  push(chunk: Buffer, goOn: () => boolean = always): Buffer | undefined {
    let start = 0
    for (let end = chunk.indexOf(LF); end !== -1; end = chunk.indexOf(LF, start)) {
      this.#endLine(chunk.subarray(start, end))
      start = end + 1
      if (!goOn() && start < chunk.length) return chunk.subarray(start)
    }
    if (start < chunk.length) this.#keep(chunk.subarray(start))
    return undefined
  }

  /** The line that comes is over the bound already. */
  get isDiscarding(): boolean {
    return this.#head !== undefined
  }

  /** The stream has ended: what is left is a line, too. */
  flush(): void {
    this.#endLine(Buffer.alloc(0))
  }

  #endLine(rest: Buffer): void {
    if (this.#head === undefined && this.#length + rest.length <= this.#maxBytes) {
      const line = this.#partial === undefined ? rest : this.#take(rest)
      emit(this.#isFirst ? line.subarray(markLength(line)) : line, this.#sink)
      this.#isFirst = false
      return
    }
    this.#keep(rest)
    const head = this.#head ?? Buffer.alloc(0)
    const tail = this.#tail
    this.#head = undefined
    this.#tail = Buffer.alloc(0)
    this.#sink.onOversize(head, tail)
  }

  #take(rest: Buffer): Buffer {
    this.#append(rest)
    const line = (this.#partial ?? rest).subarray(0, this.#length)
    this.#partial = undefined
    this.#length = 0
    return line
  }

  #keep(bytes: Buffer): void {
    if (this.#head !== undefined) {
      this.#tail = Buffer.concat([this.#tail, bytes.subarray(-EDGE_BYTES)]).subarray(-EDGE_BYTES)
      return
    }
    if (this.#length + bytes.length <= this.#maxBytes) {
      this.#append(bytes)
      return
    }
    const seen = [(this.#partial ?? bytes).subarray(0, this.#length), bytes]
    this.#head = Buffer.concat(seen.map((piece) => piece.subarray(0, EDGE_BYTES)))
    this.#head = this.#head.subarray(0, EDGE_BYTES)
    this.#tail = Buffer.concat(seen.map((piece) => piece.subarray(-EDGE_BYTES)))
    this.#tail = this.#tail.subarray(-EDGE_BYTES)
    this.#partial = undefined
    this.#length = 0
  }

  /** Doubles its room, so that a long line costs linear time however it is cut. */
  #append(bytes: Buffer): void {
    const needed = this.#length + bytes.length
    if (this.#partial === undefined || this.#partial.length < needed) {
      const grown = Buffer.allocUnsafeSlow(Math.max(needed * 2, 1024))
      this.#partial?.copy(grown, 0, 0, this.#length)
      this.#partial = grown
    }
    bytes.copy(this.#partial, this.#length)
    this.#length = needed
  }
}

const always = (): boolean => true

function emit(line: Buffer, sink: LineSink): void {
  const end = line.at(-1) === CR ? line.length - 1 : line.length
  if (end === 0) return
  const text = end === line.length ? line : line.subarray(0, end)
  for (let at = text.indexOf(CR); at !== -1; at = text.indexOf(CR, at + 1)) text[at] = SPACE
  sink.onLine(text)
}
