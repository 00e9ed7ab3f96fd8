/**
 * One end of the link, for as long as both ends live: connections come and go. What it sends is numbered
 * and kept until the other end acknowledges it; what comes is handed on once, in order, and acknowledged
 * in time. An acknowledgement rides on every frame.
 */
import { Assembler, type Whole } from './assembler.ts'
import { encodeFrame, FRAME, type Frame, type FrameFields } from './frame.ts'
import { Outbox, type Kept } from './outbox.ts'

/** After so much an acknowledgement goes out by itself. */
export interface AckAfter {
  frames: number
  /** Of payloads. */
  bytes: number
  ms: number
}

/** What was received and waits until it is handed on. The next end gets it again, should this one be lost. */
export interface Queue {
  /** The lowest number that waits. */
  readonly oldestSeq: number | undefined
  take: (frame: Frame) => void
  /** Hands on what waits. */
  flush: () => void
}

/** Counts bytes that are not acknowledged, here and wherever else it is told; fewer as a negative number. */
export interface Tally {
  add: (bytes: number) => void
}

export interface LinkEndOptions<Tag> {
  /** Sends it, or does nothing while there is no connection. */
  write: (bytes: Uint8Array) => void
  ackAfter: AckAfter
  /** What was sent, once and in order; a message whole, or with `tail` where it is longer than the bound. */
  handOn: (frame: Whole) => void
  maxMessageBytes: number
  /** Absent: what comes is handed on at once. `onFlush`: what waited was handed on. */
  queue?: (handOn: (frame: Frame) => void, onFlush: () => void) => Queue
  onAcknowledged?: (kept: Kept<Tag>) => void
  tally?: Tally
}

export class LinkEnd<Tag = never> {
  readonly #options: LinkEndOptions<Tag>
  readonly #outbox = new Outbox<Tag>()
  readonly #queue: Queue | undefined
  readonly #assembler: Assembler
  #received = 0
  #acknowledged = 0
  /** Received since the last acknowledgement. */
  #receivedBytes = 0
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(options: LinkEndOptions<Tag>) {
    this.#options = options
    this.#assembler = new Assembler(options.maxMessageBytes)
    this.#queue = options.queue?.(this.#handOn, () => this.acknowledge())
  }

  /** Bytes that the other end has not acknowledged. */
  get bytes(): number {
    return this.#outbox.bytes
  }

  /** The number of the last frame that was sent. */
  get lastSeq(): number {
    return this.#outbox.lastSeq
  }

  /** The lowest number that it has not acknowledged. */
  get oldestSeq(): number | undefined {
    return this.#outbox.oldestSeq
  }

  /** The highest number up to which all was handed on. */
  get handedOn(): number {
    return (this.#queue?.oldestSeq ?? this.#received + 1) - 1
  }

  /** Numbers the frame, and sends it now or when there is a connection. */
  send(fields: FrameFields, tag?: Tag): Kept<Tag> {
    const kept = this.#outbox.add(fields, this.takeAck(), tag)
    this.#options.tally?.add(kept.bytes.length)
    this.#options.write(kept.bytes)
    return kept
  }

  /** False where a frame before it is missing. One that came already is dropped. */
  receive(frame: Frame): boolean {
    this.#settle(frame.ack)
    if (frame.seq <= this.#received) return true
    if (frame.seq > this.#received + 1) return false
    this.#received = frame.seq
    this.#receivedBytes += frame.payload.length
    const { frames, bytes, ms } = this.#options.ackAfter
    const isDue = this.#received - this.#acknowledged >= frames || this.#receivedBytes >= bytes
    if (isDue) this.acknowledge()
    else this.#timer ??= setTimeout(this.#onLate, ms)
    if (this.#queue === undefined) this.#handOn(frame)
    else this.#queue.take(frame)
    return true
  }

  /** The number to acknowledge, for a frame that is about to be sent. */
  takeAck(): number {
    this.#receivedBytes = 0
    return (this.#acknowledged = this.handedOn)
  }

  /** Sends an acknowledgement by itself, where there is anything to acknowledge. */
  acknowledge(): void {
    this.stop()
    if (this.#acknowledged === this.handedOn) return
    this.#options.write(encodeFrame({ type: FRAME.ack, channel: 0 }, 0, this.takeAck()))
  }

  /** The other end goes on, and has got all up to `ack`: sends again what it has not got. */
  resume(ack: number): void {
    this.#settle(ack)
    for (const { bytes } of this.#outbox.again(this.handedOn)) this.#options.write(bytes)
  }

  /** Another one takes its place, and counts from 1: sends it these frames and what is not acknowledged. */
  replay(before: Kept<Tag>[]): void {
    this.#restartReceiving()
    for (const { bytes } of before) this.#options.tally?.add(bytes.length)
    for (const { bytes } of this.#outbox.replay(before)) this.#options.write(bytes)
  }

  /** Another one takes its place, and needs nothing of what the former one was sent. */
  restart(): void {
    this.#restartReceiving()
    this.#forget()
  }

  /** The other end is gone: hands on what waits, and keeps nothing for it. */
  lose(): void {
    this.#queue?.flush()
    this.#forget()
  }

  /** Sends no acknowledgement by itself until something is received. */
  stop(): void {
    if (this.#timer !== undefined) clearTimeout(this.#timer)
    this.#timer = undefined
  }

  /** Forgets what came in part on this channel: its sender is gone. */
  drop(channel: number): void {
    this.#assembler.drop(channel)
  }

  /** What is not acknowledged, oldest first. */
  kept(): Kept<Tag>[] {
    return this.#outbox.list()
  }

  #restartReceiving(): void {
    this.#queue?.flush()
    this.#assembler.drop()
    this.#received = this.#acknowledged = this.#receivedBytes = 0
  }

  #settle(ack: number): void {
    this.#outbox.acknowledge(ack, this.#onAcknowledged)
  }

  #forget(): void {
    this.#options.tally?.add(-this.#outbox.bytes)
    this.#outbox.clear()
  }

  readonly #onAcknowledged = (kept: Kept<Tag>): void => {
    this.#options.tally?.add(-kept.bytes.length)
    this.#options.onAcknowledged?.(kept)
  }

  readonly #handOn = (frame: Frame): void => {
    const whole = frame.type === FRAME.message ? this.#assembler.push(frame) : frame
    if (whole !== undefined) this.#options.handOn(whole)
  }

  readonly #onLate = (): void => this.acknowledge()
}
