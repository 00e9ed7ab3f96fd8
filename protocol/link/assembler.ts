import { FLAG, type Frame } from './frame.ts'

/** A message's pieces as one frame, with the flags of the last one. */
export interface Whole extends Frame {
  /** The message is longer than the bound: `payload` is its first piece, and this its last one. */
  tail?: Uint8Array
}

interface Partial {
  /** Of the first piece. */
  meta: unknown
  pieces: Uint8Array[]
  bytes: number
}

/** Puts the pieces of each channel's message together, up to a bound. */
export class Assembler {
  readonly #maxBytes: number
  readonly #partials = new Map<number, Partial>()

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** `undefined` while more pieces follow; the frame itself where it is a whole message. */
  push(frame: Frame): Whole | undefined {
    const { channel, flags, meta, payload } = frame
    const hasMore = (flags & FLAG.more) !== 0
    const begun = this.#partials.get(channel)
    if (begun === undefined && !hasMore && payload.length <= this.#maxBytes) return frame
    const partial = begun ?? { meta, pieces: [], bytes: 0 }
    partial.bytes += payload.length
    // Of one that is too long the first piece and the newest are kept.
    if (partial.bytes > this.#maxBytes) partial.pieces.splice(1)
    partial.pieces.push(payload)
    this.#partials.set(channel, partial)
    if (hasMore) return undefined
    this.#partials.delete(channel)
    return toWhole(frame, partial, this.#maxBytes)
  }

  /** Forgets one channel's pieces, or those of all: their sender is gone. */
  drop(channel?: number): void {
    if (channel === undefined) this.#partials.clear()
    else this.#partials.delete(channel)
  }
}

function toWhole(last: Frame, { meta, pieces, bytes }: Partial, maxBytes: number): Whole {
  if (bytes <= maxBytes) return { ...last, meta, payload: concatenate(pieces, bytes) }
  const [head = last.payload, tail = head] = pieces
  return { ...last, meta, payload: head, tail }
}

function concatenate(pieces: Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length)
  let at = 0
  for (const piece of pieces) {
    whole.set(piece, at)
    at += piece.length
  }
  return whole
}
