import { FLAG } from '#protocol/link.ts'
import type { Frame } from '#protocol/link.ts'

export type Assembled =
  | { state: 'whole'; payload: Uint8Array; meta: unknown }
  | { state: 'partial' }
  /** Longer than the bound; `head` and `tail` are its ends. */
  | { state: 'oversize'; head: Uint8Array; tail: Uint8Array; meta: unknown }

interface Partial {
  /** Of the first piece. */
  meta: unknown
  pieces: Uint8Array[]
  bytes: number
  isOver: boolean
}

/** Puts the pieces of each channel's message together, up to a bound. */
export class Assembler {
  readonly #maxBytes: number
  readonly #partials = new Map<number, Partial>()

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  push({ channel, flags, meta, payload }: Frame): Assembled {
    const hasMore = (flags & FLAG.more) !== 0
    const partial = this.#partials.get(channel)
    if (partial === undefined && !hasMore && payload.length <= this.#maxBytes) {
      return { state: 'whole', payload, meta }
    }
    const first = partial ?? { meta, pieces: [], bytes: 0, isOver: false }
    const grown = grow(first, payload, this.#maxBytes)
    this.#partials.set(channel, grown)
    if (hasMore) return { state: 'partial' }
    this.#partials.delete(channel)
    if (!grown.isOver) {
      return { state: 'whole', payload: Buffer.concat(grown.pieces), meta: grown.meta }
    }
    const [head = payload, tail = head] = grown.pieces
    return { state: 'oversize', head, tail, meta: grown.meta }
  }

  /** Forgets one channel's pieces, or those of all: their sender is gone. */
  drop(channel?: number): void {
    if (channel === undefined) this.#partials.clear()
    else this.#partials.delete(channel)
  }
}

/** Over the bound only the first piece and the newest are kept. */
function grow(partial: Partial, piece: Uint8Array, maxBytes: number): Partial {
  const bytes = partial.bytes + piece.length
  if (bytes <= maxBytes) {
    partial.pieces.push(piece)
    return { ...partial, bytes, isOver: false }
  }
  return { ...partial, pieces: [partial.pieces[0] ?? piece, piece], bytes, isOver: true }
}
