/** One process as the object sees it: opened, spoken to, over. */
import { GatewayError } from '#protocol/errors.ts'
import {
  FLAG,
  FRAME,
  type ExitMeta,
  type FailedMeta,
  type FormerChannel,
  type Frame,
  type MessageMeta,
  type OversizeMeta,
  type RefusedMeta,
  type SentMeta,
  type UndeliveredMeta,
  type Urgency,
  type Why,
} from '#protocol/link.ts'
import type { Link } from './link.ts'
import { toFault } from './why.ts'

/** The host program's bound on a line is the same; this one holds should that one be raised. */
const MAX_MESSAGE_BYTES = 64 * 1024 * 1024

/** Receives what a process says. Exactly one `onOver` ends it. */
export interface ChannelListener {
  /** `replayed`: a former object may have received it already. */
  onMessage: (payload: Uint8Array, meta: MessageMeta, replayed: boolean) => void
  onOversize: (meta: OversizeMeta) => void
  onUndelivered: (meta: UndeliveredMeta) => void
  /** This request gets no answer; the others go on. */
  onFailed: (about: Pick<FailedMeta, 'id' | 'call'>, error: GatewayError) => void
  /** `received`: the last frame that reached the host program while it still had the process. */
  onOver: (error: GatewayError, received?: number) => void
}

/** What stands for a process: one behind the link, or a remote server's session (remote/remote-channel.ts). */
export interface Channel {
  /** The object's own name for it. */
  readonly key: string
  /** Rejects when there is none to give. */
  readonly opened: Promise<void>
  readonly over: boolean
  /** It is a former object's: it was brought up by that. */
  readonly former?: object | undefined
  /** What it has printed, while it has answered nothing for a while. */
  readonly printed?: Why | undefined
  listen: (listener: ChannelListener) => void
  /** Returns the number of the frame, where there are frames; see `onOver`. */
  send: (payload: Uint8Array, meta?: SentMeta) => number | undefined
  /** It was asked for with less urgency than there is by now; absent where nothing waits for its turn. */
  hurry?: (urgency: Urgency) => void
  /** Nothing is heard of the channel after this. */
  close: () => void
}

export class LinkChannel implements Channel {
  readonly number: number
  readonly key: string
  readonly server: string
  /** What is known of one that a former object opened. */
  readonly former: FormerChannel | undefined
  readonly #link: Link
  readonly #opened = Promise.withResolvers<void>()
  #listener: ChannelListener | undefined
  #pieces: Uint8Array[] = []
  #piecesBytes = 0
  #meta: MessageMeta | undefined
  #printed: Why | undefined
  #over = false

  constructor(
    link: Link,
    { channel: number, key, server }: Pick<FormerChannel, 'channel' | 'key' | 'server'>,
    former?: FormerChannel,
  ) {
    this.#link = link
    this.number = number
    this.key = key
    this.server = server
    this.former = former
    this.#opened.promise.catch(() => undefined)
    if (former !== undefined) this.#opened.resolve()
  }

  /** Rejects with `RefusedMeta`'s code when the host program has no process to give. */
  get opened(): Promise<void> {
    return this.#opened.promise
  }

  get over(): boolean {
    return this.#over
  }

  get printed(): Why | undefined {
    return this.#printed
  }

  listen(listener: ChannelListener): void {
    this.#listener = listener
  }

  /** Returns the number of the frame; see `onOver`. */
  send(payload: Uint8Array, meta?: SentMeta): number | undefined {
    return this.#over ? undefined : this.#link.sendMessage(this.number, payload, meta)
  }

  hurry(urgency: Urgency): void {
    if (!this.#over) this.#link.send({ type: FRAME.hurry, channel: this.number, meta: { urgency } })
  }

  /** Ends the process. Nothing is heard of the channel after this. */
  close(): void {
    if (this.#over) return
    this.#link.send({ type: FRAME.close, channel: this.number })
    this.#end()
  }

  /** The host program, and with it the process, is gone. */
  lose(): void {
    this.#fail(
      new GatewayError('server_exited', { detail: 'its host was lost', isBlameless: true }),
    )
  }

  receive(frame: Frame): void {
    switch (frame.type) {
      case FRAME.message:
        return this.#receivePiece(frame)
      case FRAME.opened:
        return this.#opened.resolve()
      case FRAME.refused:
        return this.#fail(refusal(frame.meta as RefusedMeta))
      case FRAME.exit:
        return this.#fail(departure(frame.meta as ExitMeta), frame.ack)
      case FRAME.oversize:
        return this.#listener?.onOversize(frame.meta as OversizeMeta)
      case FRAME.undelivered:
        return this.#listener?.onUndelivered(frame.meta as UndeliveredMeta)
      case FRAME.failed:
        return this.#reportFailed(frame.meta as FailedMeta)
      case FRAME.printed:
        this.#printed = frame.meta as Why
    }
  }

  #reportFailed({ id, call, ...why }: FailedMeta): void {
    this.#listener?.onFailed({ id, ...(call !== undefined && { call }) }, refusal(why))
  }

  #receivePiece(frame: Frame): void {
    this.#meta ??= frame.meta as MessageMeta
    const more = (frame.flags & FLAG.more) !== 0
    if (!more && this.#pieces.length === 0) return this.#deliver(frame.payload, frame.flags)
    this.#piecesBytes += frame.payload.length
    if (this.#piecesBytes <= MAX_MESSAGE_BYTES) this.#pieces.push(frame.payload)
    if (more) return
    if (this.#piecesBytes <= MAX_MESSAGE_BYTES) {
      return this.#deliver(concatenate(this.#pieces, this.#piecesBytes), frame.flags)
    }
    const { id, call } = this.#meta
    this.#reset()
    this.#listener?.onOversize({
      ...(id == null ? {} : { id }),
      ...(call === undefined ? {} : { call }),
      maxBytes: MAX_MESSAGE_BYTES,
    })
  }

  #deliver(payload: Uint8Array, flags: number): void {
    const meta = this.#meta
    this.#reset()
    if (meta?.kind === 'response') this.#printed = undefined
    if (meta !== undefined) {
      this.#listener?.onMessage(payload, meta, (flags & FLAG.replayed) !== 0)
    }
  }

  #reset(): void {
    this.#meta = undefined
    if (this.#piecesBytes === 0) return
    this.#pieces = []
    this.#piecesBytes = 0
  }

  #fail(error: GatewayError, received?: number): void {
    if (this.#over) return
    this.#end()
    this.#opened.reject(error)
    this.#listener?.onOver(error, received)
  }

  #end(): void {
    this.#over = true
    this.#reset()
    this.#link.forget(this.number)
  }
}

function refusal({
  code,
  retryAfterMs,
  ...why
}: RefusedMeta | Omit<FailedMeta, 'id'>): GatewayError {
  return toFault(code, why, retryAfterMs === undefined ? {} : { retryAfterMs })
}

function departure({ exitCode, signal, reason, ...why }: ExitMeta): GatewayError {
  if (reason === 'shutdown')
    return new GatewayError('server_exited', {
      detail: 'its host is shutting down',
      isBlameless: true,
    })
  if (why.detail !== undefined) return toFault('server_exited', why)
  const how = signal === null ? `exited with code ${exitCode}` : `was ended by ${signal}`
  const isBlameless = reason !== 'crashed'
  return new GatewayError('server_exited', { detail: `the process ${how}`, isBlameless })
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
