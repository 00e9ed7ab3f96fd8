/** One process as the object sees it: opened, spoken to, over. */
import { GatewayError } from '#protocol/errors.ts'
import type {
  ExitMeta,
  FailedMeta,
  FormerChannel,
  HurryMeta,
  MessageMeta,
  OversizeMeta,
  RefusedMeta,
  SentMeta,
  UndeliveredMeta,
  Urgency,
  Why,
} from '#protocol/link.ts'
import type { Whole } from '#protocol/link/assembler.ts'
import { type FrameFields, FLAG, FRAME } from '#protocol/link/frame.ts'
import { MAX_MESSAGE_BYTES } from './object-end.ts'
import { toFault } from './why.ts'

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
  /** It is waited for more urgently than it was asked for, or has an owner by now; absent where nothing waits for its turn. */
  hurry?: (urgency: Urgency, owner?: string) => void
  /** Nothing is heard of the channel after this. */
  close: () => void
}

/** What a channel needs of its link. */
interface ChannelLink {
  /** Returns the frame's number. */
  sendMessage(channel: number, payload: Uint8Array, meta?: SentMeta): number
  send(frame: FrameFields): number
  /** The channel is over. */
  forget(channel: number): void
}

export class LinkChannel implements Channel {
  readonly number: number
  readonly key: string
  readonly server: string
  /** What is known of one that a former object opened. */
  readonly former: FormerChannel | undefined
  readonly #link: ChannelLink
  readonly #opened = Promise.withResolvers<void>()
  #listener: ChannelListener | undefined
  #printed: Why | undefined
  #over = false

  constructor(
    link: ChannelLink,
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

  hurry(urgency: Urgency, owner?: string): void {
    if (this.#over) return
    const meta = { urgency, ...(owner !== undefined && { owner }) } satisfies HurryMeta
    this.#link.send({ type: FRAME.hurry, channel: this.number, meta })
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

  receive(frame: Whole): void {
    switch (frame.type) {
      case FRAME.message:
        return this.#receiveMessage(frame)
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

  #receiveMessage(frame: Whole): void {
    const meta = frame.meta as MessageMeta | undefined
    if (meta === undefined) return
    if (frame.tail !== undefined) return this.#reportOversize(meta)
    if (meta.kind === 'response') this.#printed = undefined
    this.#listener?.onMessage(frame.payload, meta, (frame.flags & FLAG.replayed) !== 0)
  }

  #reportOversize({ id, call }: MessageMeta): void {
    this.#listener?.onOversize({
      ...(id != null && { id }),
      ...(call !== undefined && { call }),
      maxBytes: MAX_MESSAGE_BYTES,
    })
  }

  #fail(error: GatewayError, received?: number): void {
    if (this.#over) return
    this.#end()
    this.#opened.reject(error)
    this.#listener?.onOver(error, received)
  }

  #end(): void {
    this.#over = true
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
