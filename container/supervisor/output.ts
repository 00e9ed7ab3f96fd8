import type { Readable } from 'node:stream'
import { MAX_MESSAGE_BYTES } from './limits.ts'
import type { Capture } from '../console/capture.ts'
import { findAnswerId, findEdgeId } from '../stdio/edge-id.ts'
import { readMessage } from '../stdio/envelope.ts'
import { LineReader, type Floods } from '../stdio/line-reader.ts'
import type { FailedMeta, MessageMeta, OversizeMeta } from '#protocol/link.ts'
import { nameOf, type Numbering } from '#protocol/numbering/numbering.ts'

/** Why what a server says is not read: too much of it waits, or of all of the cell's. */
export type HeldBy = 'channel' | 'cell'

/** What a spare may have said before it is leased; then its output waits in the child. */
const MAX_EARLY_MESSAGES = 64
const MAX_EARLY_BYTES = 1024 * 1024

export interface OutputMessage {
  meta: MessageMeta
  payload: Uint8Array
}

export interface OutputSink {
  onMessage(message: OutputMessage): void
  onOversize(meta: OversizeMeta): void
  onFailed(meta: FailedMeta): void
}

/** Reads a process's standard output: messages to the sink, everything else to the console. */
export class Output {
  readonly #reader: LineReader
  readonly #numbering: Numbering
  readonly #capture: Capture
  readonly #early: OutputMessage[] = []
  #earlyBytes = 0
  #sink: OutputSink | undefined
  readonly #heldBy = new Set<HeldBy>()

  constructor(stdout: Readable, numbering: Numbering, capture: Capture, floods: Floods) {
    this.#numbering = numbering
    this.#capture = capture
    const sink = {
      onLine: (line: Buffer) => this.#takeLine(line),
      onOversize: (head: Buffer, tail: Buffer) => this.#reportOversize(head, tail),
    }
    this.#reader = new LineReader(stdout, MAX_MESSAGE_BYTES, sink, floods)
  }

  open(sink: OutputSink): void {
    this.#sink = sink
    for (const message of this.#early.splice(0)) sink.onMessage(message)
    this.#earlyBytes = 0
    this.#settle()
  }

  /** Nothing more is read while any reason holds. */
  hold(by: HeldBy, isHeld: boolean): void {
    if (isHeld) this.#heldBy.add(by)
    else this.#heldBy.delete(by)
    this.#settle()
  }

  /** The link takes no more for now: what is left to read is still wanted. */
  get isHeld(): boolean {
    return this.#heldBy.size > 0 && this.#sink !== undefined
  }

  /** The process is gone: what it has said last is read without pauses. */
  finish(): void {
    this.#reader.finish()
  }

  #settle(): void {
    const isFull = this.#early.length >= MAX_EARLY_MESSAGES || this.#earlyBytes >= MAX_EARLY_BYTES
    this.#reader.hold(this.#heldBy.size > 0 || isFull)
  }

  /** Whether it is a message that somebody waits for. */
  #takeLine(line: Buffer): boolean {
    const read = readMessage(line)
    if (read === undefined) {
      this.#capture.takeStray(line)
      return this.#fail(line)
    }
    const { payload, envelope } = read
    const message = this.#numbering.fromProcess(payload, envelope, performance.now())
    if (message === undefined) this.#capture.note(`a ${envelope.kind} to nobody was discarded`)
    else this.#take(message)
    return message !== undefined
  }

  #take(message: OutputMessage): void {
    if (this.#sink !== undefined) return this.#sink.onMessage(message)
    this.#early.push(message)
    this.#earlyBytes += message.payload.length
    this.#settle()
  }

  /** Whether somebody waits for what the line would have been. An older object waits for its deadline. */
  #fail(line: Buffer): boolean {
    const { requests } = this.#numbering
    if (requests.size === 0) return false
    const asked = requests.find(findAnswerId(line))
    if (asked?.call === undefined) return false
    requests.take(asked.number)
    const detail = this.#capture.quote(line)
    this.#sink?.onFailed({ ...nameOf(asked), code: 'answer_unreadable', detail })
    return true
  }

  #reportOversize(head: Buffer, tail: Buffer): void {
    const id = findEdgeId(head, tail)
    const numbering = this.#numbering
    const asked = id === undefined ? numbering.takeOnly() : numbering.requests.take(id)
    this.#capture.note(`a line over ${MAX_MESSAGE_BYTES} bytes was discarded`)
    if (asked === undefined) return // nobody waits for it
    this.#sink?.onOversize({ ...nameOf(asked), maxBytes: MAX_MESSAGE_BYTES })
  }
}

/** A server that refuses `initialize` has not come up. */
export function isServing({ meta }: OutputMessage): boolean {
  return meta.kind === 'response' && meta.failed !== true
}
