/**
 * Who talks without a pause is heard in turns, so that what its messages cost the object's one thread
 * (a turn of the event loop each, and a commit of what they write) is shared by many of them, and
 * others are heard in between.
 */
import type { MessageMeta } from '#protocol/link.ts'
import { FRAME, type Frame } from '#protocol/link/frame.ts'

const TURN_MS = 10

/** What a channel may say in a turn, besides responses, before the rest of it waits for the next. */
const MAX_AT_ONCE = 8

/** Hands frames on: at once, or at the next turn. The order within a channel is kept. */
export class Turns {
  readonly #handOn: (frame: Frame) => void
  readonly #onTurn: () => void
  /** In the order of their numbers. */
  #waiting: Frame[] = []
  /** Channels of which anything waits. */
  readonly #silenced = new Set<number>()
  /** How much each channel has said in this turn. */
  readonly #said = new Map<number, number>()
  #timer: number | undefined

  /** `onTurn`: what waited was handed on. */
  constructor(handOn: (frame: Frame) => void, onTurn: () => void) {
    this.#handOn = handOn
    this.#onTurn = onTurn
  }

  /** The lowest number of a frame that waits. */
  get oldestSeq(): number | undefined {
    return this.#waiting[0]?.seq
  }

  take(frame: Frame): void {
    if (this.#mayPass(frame)) return this.#handOn(frame)
    this.#silenced.add(frame.channel)
    this.#waiting.push(frame)
  }

  /** Hands on what waits. */
  flush(): void {
    const waiting = this.#waiting
    this.#waiting = []
    this.#silenced.clear()
    for (const frame of waiting) this.#handOn(frame)
  }

  #mayPass(frame: Frame): boolean {
    if (this.#silenced.has(frame.channel)) return false
    if (!isUnasked(frame)) return true
    if (this.#timer === undefined) this.#timer = setTimeout(this.#turn, TURN_MS)
    const said = (this.#said.get(frame.channel) ?? 0) + 1
    this.#said.set(frame.channel, said)
    return said <= MAX_AT_ONCE
  }

  readonly #turn = (): void => {
    this.#timer = undefined
    this.#said.clear()
    if (this.#waiting.length === 0) return
    // What was silenced may say nothing at once in the turn that begins.
    for (const channel of this.#silenced) this.#said.set(channel, MAX_AT_ONCE)
    this.#timer = setTimeout(this.#turn, TURN_MS)
    this.flush()
    this.#onTurn()
  }
}

/** A notification or a request of the server's own, or the first piece of one. */
function isUnasked({ type, meta }: Frame): boolean {
  return type === FRAME.message && meta !== undefined && (meta as MessageMeta).kind !== 'response'
}
