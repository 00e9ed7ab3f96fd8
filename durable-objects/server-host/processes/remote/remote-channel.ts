/** A session with a remote server, in the place of a process: spoken to from this object, without a link. */
import { GatewayError } from '#protocol/errors.ts'
import {
  isProbeId,
  type FailedMeta,
  type RemoteLaunch,
  type SentMeta,
  type Urgency,
} from '#protocol/link.ts'
import type { AskNumbers } from '#protocol/numbering/numbers.ts'
import { nameOf, Numbering } from '#protocol/numbering/numbering.ts'
import { numberListener, type NumberedListener } from '#protocol/numbering/remote-listener.ts'
import { connectRemote } from '#protocol/remote/connect.ts'
import type {
  ConnectWebSocket,
  RemoteConnection,
  RemoteFetch,
  RemoteListener,
} from '#protocol/remote/remote.ts'
import type { Owner } from '#protocol/yielding.ts'
import type { Channel, ChannelListener } from '../link/channel.ts'

/** All objects of an isolate share 128 MB. */
const MAX_MESSAGE_BYTES = 16 * 1024 * 1024

export interface Network {
  fetch: RemoteFetch
  connectWebSocket: ConnectWebSocket
}

export interface RemoteChannelOptions {
  launch: RemoteLaunch
  key: string
  owner: Owner
  network: Network
  askNumbers: AskNumbers
  /** Called once, whoever ended it. */
  onEnd: () => void
}

export class RemoteChannel implements Channel {
  readonly key: string
  readonly #options: RemoteChannelOptions
  readonly #connection: RemoteConnection
  readonly #numbering: Numbering
  readonly #openedAt = Date.now()
  #usedAt = Date.now()
  #listener: ChannelListener | undefined
  #owner: Owner
  #timer: number | undefined
  #isOver = false

  constructor(options: RemoteChannelOptions) {
    const { launch, key, owner, network, askNumbers } = options
    this.#options = options
    this.key = key
    this.#owner = owner
    this.#numbering = new Numbering(askNumbers, (meta) => this.#refuse(meta))
    this.#connection = connectRemote({
      ...launch.remote,
      ...network,
      maxMessageBytes: MAX_MESSAGE_BYTES,
      listener: this.#createListener(),
    })
    this.#watch()
  }

  get opened(): Promise<void> {
    return this.#connection.opened
  }

  get over(): boolean {
    return this.#isOver
  }

  /** Whose it is; `undefined`: nobody's. */
  get owner(): Owner {
    return this.#owner
  }

  /** Nothing waits for its turn, but it has an owner by now. */
  hurry(_urgency: Urgency, owner?: string): void {
    this.#owner ??= owner
  }

  /** How long nothing was said, with no request in flight. Milliseconds; 0 while one is. */
  idleMs(now: number): number {
    return this.#connection.inFlight > 0 ? 0 : now - this.#usedAt
  }

  listen(listener: ChannelListener): void {
    this.#listener = listener
  }

  send(payload: Uint8Array, meta?: SentMeta): undefined {
    if (this.#isOver) return
    const now = Date.now()
    const sent = this.#numbering.toProcess(payload, meta, now)
    if (sent === undefined) return
    if (!isProbeId((sent.request ?? sent.cancelled)?.id)) this.#usedAt = now
    this.#connection.send(sent.payload)
  }

  close(): void {
    if (this.#isOver) return
    this.#end()
    void this.#connection.close()
  }

  /** Ended from here, though its owner would go on: the next call begins another session. */
  expire(detail: string): void {
    if (this.#isOver) return
    void this.#connection.close()
    this.#lose(new GatewayError('server_exited', { detail, isBlameless: true }))
  }

  /** As over a link: not before who sends it has noted that it was sent. */
  #refuse({ code, detail, ...about }: FailedMeta): void {
    const error = new GatewayError(code, detail === undefined ? {} : { detail })
    queueMicrotask(() => this.#listener?.onFailed(about, error))
  }

  #createListener(): RemoteListener {
    const listener: NumberedListener = {
      onMessage: (payload, meta) => {
        if (!isProbeId(meta.id)) this.#usedAt = Date.now()
        this.#listener?.onMessage(payload, meta, false)
      },
      onOversize: (meta) => this.#listener?.onOversize(meta),
      onUndelivered: (meta) => this.#listener?.onUndelivered(meta),
      onFailed: (asked, error) => this.#listener?.onFailed(nameOf(asked), error),
      onOver: (error) => this.#lose(error),
    }
    return numberListener(this.#numbering, listener, Date.now)
  }

  #lose(error: GatewayError): void {
    if (this.#isOver) return
    this.#end()
    this.#listener?.onOver(error)
  }

  #end(): void {
    this.#isOver = true
    if (this.#timer !== undefined) clearTimeout(this.#timer)
    this.#options.onEnd()
  }

  /** As a host program ends processes: when they were idle for long, or are old and idle. */
  #watch(): void {
    const { idleTimeoutMs, maxLifetimeMs } = this.#options.launch
    const waitMs = Math.min(idleTimeoutMs, maxLifetimeMs)
    this.#timer = setTimeout(() => {
      const now = Date.now()
      const idleMs = this.idleMs(now)
      const isOld = now - this.#openedAt >= maxLifetimeMs
      if (idleMs >= idleTimeoutMs || (isOld && idleMs > 0)) this.expire('it was idle')
      else this.#watch()
    }, waitMs)
  }
}
