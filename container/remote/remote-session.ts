/** One session with a remote server, in the place of an OS child. */
import { toRemoteFault } from './describe.ts'
import { Network } from './network.ts'
import type { Pools } from './pools.ts'
import { readMessage } from '../stdio/envelope.ts'
import { Lifetime } from '../supervisor/lifetime.ts'
import { MAX_MESSAGE_BYTES, MAX_STDIN_QUEUE_BYTES } from '../supervisor/limits.ts'
import type { HeldBy, OutputMessage } from '../supervisor/output.ts'
import type { Lessee, OnExit, Running } from '../supervisor/running.ts'
import type { Grace } from '../supervisor/terminate.ts'
import type { GatewayError } from '#protocol/errors.ts'
import type { MessageMeta, RemoteLaunch, SentMeta } from '#protocol/link.ts'
import type { AskNumbers } from '#protocol/numbering/numbers.ts'
import { nameOf, Numbering } from '#protocol/numbering/numbering.ts'
import { numberListener, type NumberedListener } from '#protocol/numbering/remote-listener.ts'
import type { Asked } from '#protocol/numbering/waiting.ts'
import type { Redactor } from '#protocol/redaction.ts'
import { connectRemote } from '#protocol/remote/connect.ts'
import type { RemoteConnection } from '#protocol/remote/remote.ts'
import { withScheme } from '#protocol/remote/url.ts'
import { within } from '#protocol/within.ts'

/** What a server may have said before its session is leased; then it is not read. */
const MAX_EARLY_MESSAGES = 64

export interface RemoteSessionOptions {
  launch: RemoteLaunch
  pools: Pools
  redact: Redactor
  askNumbers: AskNumbers
  onFault(error: GatewayError): void
  onExit: OnExit
}

export class RemoteSession implements Running {
  readonly pid = 0
  /** Rejects with a `GatewayError` when it could not begin. It is gone then, and `onExit` is not called. */
  readonly opened: Promise<void>
  readonly #options: RemoteSessionOptions
  readonly #numbering: Numbering
  readonly #lifetime: Lifetime
  readonly #network: Network
  readonly #connection: RemoteConnection
  readonly #ending = new AbortController()
  readonly #early: OutputMessage[] = []
  #lessee: Lessee | undefined
  #isFinishing = false
  #lost: GatewayError | undefined

  constructor(options: RemoteSessionOptions) {
    this.#options = options
    const { launch, pools } = options
    const { remote } = launch
    this.#numbering = new Numbering(options.askNumbers, (meta) => this.#lessee?.onFailed(meta))
    this.#lifetime = new Lifetime(launch, this.#numbering.requests, (reason) =>
      this.#lessee?.onExpire(reason),
    )
    const onUnsent = (payload: Uint8Array): void => this.#returnUnsent(payload)
    this.#network = new Network({ remote, pools, onUnsent })
    const { fetch, connectWebSocket } = this.#network
    const listener = numberListener(this.#numbering, this.#createListener(), () =>
      performance.now(),
    )
    const maxMessageBytes = MAX_MESSAGE_BYTES
    this.#connection = connectRemote({
      ...remote,
      ...{ fetch, connectWebSocket, listener, maxMessageBytes },
    })
    this.opened = this.#open()
  }

  get idleMs(): number | undefined {
    return this.#lessee === undefined ? undefined : this.#lifetime.idleMs
  }

  get quietMs(): number | undefined {
    return this.#lessee === undefined ? undefined : this.#lifetime.quietMs
  }

  lease(_key: string, lessee: Lessee): void {
    this.#lessee = lessee
    this.#lifetime.start()
    for (const message of this.#early.splice(0)) lessee.onMessage(message)
    this.#network.hold('early', false)
    const lost = this.#lost
    if (lost !== undefined) queueMicrotask(() => this.#lose(lost))
  }

  /** One that the server takes too slowly ends the session, as that of a process that does not read. */
  write(payload: Uint8Array, meta: SentMeta | undefined): void {
    const sent = this.#numbering.toProcess(payload, meta, performance.now())
    if (sent === undefined) return
    const { request, cancelled } = sent
    if (request !== undefined && this.#isFinishing) return this.#return(request)
    this.#lifetime.touch((request ?? cancelled)?.id)
    const isFull = this.#network.waitingBytes + payload.length > MAX_STDIN_QUEUE_BYTES
    if (isFull) this.#lessee?.onExpire('crashed')
    else this.#connection.send(sent.payload)
  }

  /** It takes no more requests. */
  #return(request: Asked): void {
    this.#numbering.requests.take(request.number)
    this.#lessee?.onUndelivered(nameOf(request))
  }

  finish(): void {
    this.#isFinishing = true
    this.#lifetime.finish()
  }

  hold(by: HeldBy, isHeld: boolean): void {
    this.#network.hold(by, isHeld)
  }

  async end({ closeMs, termMs }: Grace): Promise<void> {
    await within(this.#connection.close(), closeMs + termMs, () => undefined)
    this.#exit('its session was ended')
  }

  /** Over HTTP nothing is sent yet, but it is known then whether the server is there. */
  async #open(): Promise<void> {
    const { remote } = this.#options.launch
    try {
      if (remote.transport === 'http') await this.#network.ready(this.#ending.signal)
      await this.#connection.opened
    } catch (error) {
      this.#stop()
      void this.#connection.close()
      throw toRemoteFault(error, withScheme(remote.url, 'http'))
    }
  }

  #createListener(): NumberedListener {
    return {
      onMessage: (payload, meta) => this.#receive(payload, meta),
      onOversize: (meta) => this.#lessee?.onOversize(meta),
      onUndelivered: (meta) => this.#lessee?.onUndelivered(meta),
      onFailed: (asked, error) => this.#fail(asked, error),
      onOver: (error) => {
        this.#options.onFault(error)
        this.#lose(error)
      },
    }
  }

  #receive(payload: Uint8Array, meta: MessageMeta): void {
    this.#lifetime.touch(meta.id)
    if (this.#lessee !== undefined) return this.#lessee.onMessage({ meta, payload })
    this.#early.push({ meta, payload })
    if (this.#early.length >= MAX_EARLY_MESSAGES) this.#network.hold('early', true)
  }

  #returnUnsent(payload: Uint8Array): void {
    const message = readMessage(payload)
    if (message?.envelope.kind !== 'request') return
    const asked = this.#numbering.requests.find(message.envelope.id)
    if (asked !== undefined) this.#lessee?.onUndelivered(nameOf(asked))
  }

  #fail(asked: Asked, error: GatewayError): void {
    const { onFault, redact } = this.#options
    onFault(error)
    const { code, detail, retryAfterMs } = error
    this.#lessee?.onFailed({
      ...{ ...nameOf(asked), code },
      ...(detail !== undefined && { detail: redact(detail) }),
      ...(retryAfterMs !== undefined && { retryAfterMs }),
    })
  }

  /** Before the lease there is nobody to tell: it is told then. */
  #lose(error: GatewayError): void {
    this.#lost = error
    if (this.#lessee !== undefined) this.#exit(error.detail ?? error.message)
  }

  #exit(detail: string): void {
    if (this.#ending.signal.aborted) return
    this.#stop()
    this.#options.onExit(null, null, this.#options.redact(detail))
  }

  #stop(): void {
    this.#ending.abort()
    this.#lifetime.stop()
  }
}
