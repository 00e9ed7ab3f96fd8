import { FLAG, FRAME, MAX_CHUNK_BYTES } from '#protocol/link/frame.ts'
import type { FrameFields } from '#protocol/link/frame.ts'

/** Messages of a channel that may be unacknowledged before its next one waits. */
const WINDOW_BYTES = 1024 * 1024

/** A smaller message counts as so much: the object works as long on it. */
const MIN_LOAD_BYTES = 64 * 1024

/** A channel of which more waits is not read; from half of both on it is again. */
const MAX_WAITING_BYTES = 1024 * 1024
const MAX_WAITING_FRAMES = 1_024

const EMPTY = new Uint8Array(0)

interface Waiting {
  fields: FrameFields
  /** Bytes of the payload that are taken already. */
  taken: number
}

/** What a message of so many bytes takes of its channel's window. Other frames take nothing of it. */
export function loadOf(bytes: number): number {
  return Math.max(bytes, MIN_LOAD_BYTES)
}

/**
 * One channel's window and its frames that wait, in their order. A frame that waits has no number
 * yet. The object acknowledges before a window is full: `ACK_AFTER_*` in
 * durable-objects/server-host/processes/link/object-end.ts.
 */
export class Lane {
  readonly channel: number
  /** Of what is sent and not acknowledged. */
  load = 0
  /** Its last frame was sent. */
  isOver = false
  readonly #waiting: Waiting[] = []
  #waitingBytes = 0
  #isHeld = false

  constructor(channel: number) {
    this.channel = channel
  }

  get isIdle(): boolean {
    return this.load === 0 && this.#waiting.length === 0
  }

  /** Whether a frame that comes now may be sent whole, and at once. */
  passes(fields: FrameFields): boolean {
    if (this.#waiting.length > 0 || (fields.payload?.length ?? 0) > MAX_CHUNK_BYTES) return false
    return this.#hasRoomFor(fields)
  }

  /** Whether the first of what waits may be sent. */
  get isReady(): boolean {
    const first = this.#waiting[0]
    return first !== undefined && this.#hasRoomFor(first.fields)
  }

  push(fields: FrameFields): void {
    this.#waiting.push({ fields, taken: 0 })
    this.#waitingBytes += fields.payload?.length ?? 0
  }

  /** Takes the first frame that waits, or a piece of it when it is large. */
  take(): FrameFields | undefined {
    const [first] = this.#waiting
    if (first === undefined) return undefined
    const { fields, taken } = first
    const { type, channel, meta, payload = EMPTY } = fields
    const piece = payload.subarray(taken, taken + MAX_CHUNK_BYTES)
    first.taken += piece.length
    this.#waitingBytes -= piece.length
    const hasMore = first.taken < payload.length
    if (!hasMore) this.#waiting.shift()
    const flags = hasMore ? FLAG.more : 0
    return { type, channel, flags, ...(taken === 0 && { meta }), payload: piece }
  }

  /** Tells when the channel is to be read no more (true) or again (false), once each. */
  weigh(): boolean | undefined {
    const share = this.#isHeld ? 0.5 : 1
    const isHeld =
      this.#waitingBytes > MAX_WAITING_BYTES * share ||
      this.#waiting.length > MAX_WAITING_FRAMES * share
    if (isHeld === this.#isHeld) return undefined
    this.#isHeld = isHeld
    return isHeld
  }

  #hasRoomFor({ type }: FrameFields): boolean {
    return this.load < WINDOW_BYTES || type !== FRAME.message
  }
}
