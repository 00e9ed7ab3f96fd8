import type { Readable } from 'node:stream'
import { MAX_MESSAGE_BYTES } from './limits.ts'
import type { Capture } from '../console/capture.ts'
import { findEdgeId } from '../stdio/edge-id.ts'
import { readMessage } from '../stdio/envelope.ts'
import { LineSplitter } from '../stdio/framing.ts'
import type { InFlight } from '../stdio/in-flight.ts'
import type { MessageMeta, OversizeMeta } from '#protocol/link.ts'

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
}

/** Reads a process's standard output: messages to the sink, everything else to the console. */
export class Output {
  readonly #stdout: Readable
  readonly #inFlight: InFlight
  readonly #capture: Capture
  readonly #early: OutputMessage[] = []
  #earlyBytes = 0
  #sink: OutputSink | undefined
  readonly #heldBy = new Set<HeldBy>()

  constructor(stdout: Readable, inFlight: InFlight, capture: Capture) {
    this.#stdout = stdout
    this.#inFlight = inFlight
    this.#capture = capture
    const lines = new LineSplitter(MAX_MESSAGE_BYTES, {
      onLine: (line) => this.#takeLine(line),
      onOversize: (head, tail) => this.#reportOversize(head, tail),
    })
    stdout.on('data', (chunk: Buffer) => lines.push(chunk))
    stdout.on('end', () => lines.flush())
    stdout.on('error', () => undefined)
  }

  open(sink: OutputSink): void {
    this.#sink = sink
    for (const message of this.#early.splice(0)) sink.onMessage(message)
    this.#earlyBytes = 0
    this.#settle()
  }

  /** Nothing more is read while any reason holds, but for what has been read in part. */
  hold(by: HeldBy, isHeld: boolean): void {
    if (isHeld) this.#heldBy.add(by)
    else this.#heldBy.delete(by)
    this.#settle()
  }

  /** The link takes no more for now: what is left to read is still wanted. */
  get isHeld(): boolean {
    return this.#heldBy.size > 0 && this.#sink !== undefined
  }

  #settle(): void {
    const isFull = this.#early.length >= MAX_EARLY_MESSAGES || this.#earlyBytes >= MAX_EARLY_BYTES
    const pause = this.#heldBy.size > 0 || isFull
    if (pause === this.#stdout.isPaused()) return
    if (pause) this.#stdout.pause()
    else this.#stdout.resume()
  }

  #takeLine(line: Buffer): void {
    const read = readMessage(line)
    if (read === undefined) return this.#capture.takeStray(line)
    const message = { meta: this.#toMeta(read.envelope), payload: read.payload }
    if (this.#sink !== undefined) return this.#sink.onMessage(message)
    this.#early.push(message)
    this.#earlyBytes += message.payload.length
    this.#settle()
  }

  #toMeta(envelope: NonNullable<ReturnType<typeof readMessage>>['envelope']): MessageMeta {
    if (envelope.kind === 'request') return envelope
    if (envelope.kind === 'notification') return envelope
    const { kind, id, failed } = envelope
    const ms = id === null ? undefined : this.#inFlight.end(id, performance.now())
    return { kind, id, ...(failed && { failed }), ...(ms !== undefined && { ms }) }
  }

  #reportOversize(head: Buffer, tail: Buffer): void {
    const id = findEdgeId(head, tail)
    if (id !== undefined) this.#inFlight.end(id, performance.now())
    const meta = { ...(id === undefined ? {} : { id }), maxBytes: MAX_MESSAGE_BYTES }
    this.#capture.takeStray(Buffer.from(`a line over ${MAX_MESSAGE_BYTES} bytes was discarded`))
    this.#sink?.onOversize(meta)
  }
}
