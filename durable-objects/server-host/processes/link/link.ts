/**
 * The object's end of the link (protocol/link.ts): dials the host program, keeps what it has not
 * acknowledged, and goes on where it was after a cut. It knows channels, not MCP.
 */
import type {
  Launch,
  LaunchMeta,
  OpenMeta,
  SentMeta,
  StartFailedMeta,
  WelcomeMeta,
} from '#protocol/link.ts'
import type { Whole } from '#protocol/link/assembler.ts'
import type { LinkEnd, Tally } from '#protocol/link/end.ts'
import { decodeFrame, FLAG, FRAME, LINK_VERSION } from '#protocol/link/frame.ts'
import { MAX_CHUNK_BYTES, type FrameFields } from '#protocol/link/frame.ts'
import { GatewayError } from '#protocol/errors.ts'
import { toConfigureMeta } from './configure-meta.ts'
import { LinkChannel, type Channel } from './channel.ts'
import { isolate } from '../../../isolate.ts'
import { Draining } from './draining.ts'
import { LaunchReports } from './launch-reports.ts'
import { openLinkConnection, tryUntil } from './link-connection.ts'
import { createObjectEnd } from './object-end.ts'

/** A link that acknowledges nothing for this long is taken for dead and dialled again. */
const SILENCE_MS = 10_000
const END_POLL_MS = 25
/** A cut link that is not whole by then has lost its processes. */
const RECONNECT_MS = 30_000

export interface LinkOptions {
  /** Opens a WebSocket to the host program, starting it when needed. May fail; is tried again. */
  dial: () => Promise<WebSocket>
  launches: () => Launch[]
  /** Takes over a process that a former object opened, or returns `undefined` to have it ended. */
  adopt: (channel: LinkChannel) => boolean
  /** A server does not start, or does again. */
  onStartFailed: (meta: StartFailedMeta) => void
  /** The last channel is over. */
  onUnused?: () => void
  /** Counts what this link and others keep unacknowledged. */
  unacked: Tally
}

export class Link {
  readonly launches = new LaunchReports()
  readonly #options: LinkOptions
  #epoch = crypto.randomUUID()
  /** The host program that the sequence numbers are shared with. */
  #instance: string | undefined
  readonly #channels = new Map<number, LinkChannel>()
  #socket: WebSocket | undefined
  #connecting: Promise<void> | undefined
  #isLeft = false
  /** Rejects what waits for the dial that is under way. */
  #giveUp: ((error: GatewayError) => void) | undefined
  #nextChannel = 1
  /** The number of the last configuration. */
  #configured = 0
  readonly #draining = new Draining()
  readonly #end: LinkEnd
  #silenceTimer: number | undefined

  constructor(options: LinkOptions) {
    this.#options = options
    this.#end = createObjectEnd({
      write: (bytes) => this.#write(bytes),
      handOn: (frame) => this.#handOn(frame),
      tally: options.unacked,
    })
  }

  /** Whether frames flow. */
  get isOpen(): boolean {
    return this.#socket !== undefined
  }

  get isDialled(): boolean {
    return this.#connecting !== undefined
  }

  /** Whether a process is open, or asked for. */
  get isUsed(): boolean {
    return this.#channels.size > 0
  }

  /** Whether the host program takes no more requests: it ends, and the next one is dialled. */
  get isDraining(): boolean {
    return this.#draining.isUnderWay
  }

  /**
   * Resolves when frames flow to a host program that takes requests. When that takes longer than `timeoutMs` it
   * throws `host_unavailable`, or `shutting_down` where one still has calls to finish.
   */
  async ready(timeoutMs: number): Promise<void> {
    const deadline = Date.now() + timeoutMs
    do {
      if (this.#draining.isUnderWay) await this.#draining.over(deadline)
      await this.#connected(deadline)
    } while (this.#draining.isUnderWay)
  }

  /**
   * Resolves when a cut link is whole again, or given up. Until then it is not known which processes
   * live: what is sent to one that is gone is lost with it.
   */
  async mended(): Promise<void> {
    await this.#connecting?.catch(() => undefined) // who needs the link is told by `ready`
  }

  /** Asks for a process. The channel fails by itself when none can be had. */
  open(meta: OpenMeta): Channel {
    const channel = new LinkChannel(this, { ...meta, channel: this.#nextChannel++ })
    this.#channels.set(channel.number, channel)
    this.send({ type: FRAME.open, channel: channel.number, meta })
    return channel
  }

  /** Gives every process up and closes the connection; the next `ready` dials anew. */
  rest(): void {
    const socket = this.#socket
    this.#socket = undefined
    this.#draining.end()
    this.#loseAll()
    socket?.close(1000, 'at rest')
  }

  /** The same for good: a connection that comes later is not taken, and those who wait are told. */
  leave(): void {
    this.#isLeft = true
    this.#giveUp?.(new GatewayError('host_unavailable'))
    this.rest()
  }

  /**
   * Ends every process, also those that a former object opened, and closes the connection. Resolves
   * when the host program has been told; throws `host_unavailable` when it cannot be.
   */
  async end(timeoutMs: number): Promise<void> {
    const deadline = Date.now() + timeoutMs
    await this.#connected(deadline)
    this.configure()
    for (const channel of [...this.#channels.values()]) channel.close()
    while (this.#end.oldestSeq !== undefined && Date.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, END_POLL_MS))
    }
    this.rest()
  }

  configure(): void {
    if (this.#socket === undefined) return
    const meta = toConfigureMeta(this.#options.launches())
    this.#configured = this.send({ type: FRAME.configure, channel: 0, meta })
  }

  /** Sends one payload, in pieces when it is large. Returns the number of the last frame. */
  sendMessage(channel: number, payload: Uint8Array, meta?: SentMeta): number {
    const frame = { type: FRAME.message, channel }
    let at = 0
    for (; payload.length - at > MAX_CHUNK_BYTES; at += MAX_CHUNK_BYTES) {
      const piece = payload.subarray(at, at + MAX_CHUNK_BYTES)
      this.send({ ...frame, flags: FLAG.more, meta: at === 0 ? meta : undefined, payload: piece })
    }
    return this.send({ ...frame, ...(at === 0 && { meta }), payload: payload.subarray(at) })
  }

  send(frame: FrameFields): number {
    const { seq } = this.#end.send(frame)
    this.#silenceTimer ??= setTimeout(() => this.#watchSilence(seq), SILENCE_MS)
    return seq
  }

  forget(channel: number): void {
    this.#end.drop(channel)
    if (this.#channels.delete(channel) && this.#channels.size === 0) this.#options.onUnused?.()
  }

  /** Resolves when frames flow. `deadline`: `Date.now()`. */
  async #connected(deadline: number): Promise<void> {
    // A connection can be lost again before those who waited for it go on.
    while (this.#socket === undefined) {
      this.#connecting ??= this.#connectUnlessLeft(deadline).finally(() => {
        this.#connecting = undefined
      })
      await this.#connecting
    }
  }

  #connectUnlessLeft(deadline: number): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#giveUp = reject
    const mayGoOn = (): boolean => Date.now() < deadline && !this.#isLeft
    tryUntil(mayGoOn, () => this.#dialOnce()).then(resolve, reject)
    return promise
  }

  #dialOnce(): Promise<void> {
    return openLinkConnection({
      dial: this.#options.dial,
      hello: () => ({ versions: [LINK_VERSION], epoch: this.#epoch }),
      received: () => this.#end.handedOn,
      onWelcome: (socket, { meta, ack }) => this.#settle(socket, meta as WelcomeMeta, ack),
      onMessage: (socket, event) => {
        // What still comes over a connection that was given up comes again over the next one.
        if (this.#socket === socket) this.#receive(event)
      },
      onClose: (socket) => void (this.#socket === socket && this.#lose()),
    })
  }

  /** What the other side has not seen is sent again. False when its welcome to a hello was lost. */
  #settle(socket: WebSocket, welcome: WelcomeMeta, ack: number): boolean {
    if (this.#isLeft) return false
    if (welcome.resumed && welcome.instance !== this.#instance) {
      this.#epoch = crypto.randomUUID()
      return false
    }
    this.#socket = socket
    this.#instance = welcome.instance
    if (welcome.isDraining === true) this.#draining.begin()
    if (welcome.resumed) {
      this.#end.resume(ack)
      // The configuration may have changed since.
      this.configure()
      return true
    }
    this.#end.restart()
    this.launches.clear()
    if (this.#silenceTimer !== undefined) clearTimeout(this.#silenceTimer)
    this.#silenceTimer = undefined
    this.configure()
    this.#reconcile(welcome.channels)
    return true
  }

  #reconcile(live: WelcomeMeta['channels']): void {
    const numbers = new Set(live.map(({ channel }) => channel))
    for (const [number, channel] of this.#channels) {
      if (!numbers.has(number)) isolate('a channel', () => channel.lose())
    }
    for (const former of live) {
      this.#nextChannel = Math.max(this.#nextChannel, former.channel + 1)
      if (this.#channels.has(former.channel)) continue
      const channel = new LinkChannel(this, former, former)
      this.#channels.set(channel.number, channel)
      isolate('a channel', () => {
        // One that has answered nothing may not be initialised.
        if (former.hasAnswered === false || !this.#options.adopt(channel)) channel.close()
      })
    }
  }

  #receive(event: MessageEvent): void {
    const frame = decodeFrame(new Uint8Array(event.data as ArrayBuffer))
    if (!this.#end.receive(frame)) this.#cut()
  }

  #handOn(frame: Whole): void {
    if (frame.type === FRAME.draining) return this.#draining.begin()
    if (frame.type === FRAME.startFailed) {
      return this.#options.onStartFailed(frame.meta as StartFailedMeta)
    }
    if (frame.type === FRAME.launch) {
      // Whether the last configuration is acknowledged.
      const isAnswer = this.#configured < (this.#end.oldestSeq ?? Infinity)
      return this.launches.take(frame.meta as LaunchMeta, isAnswer)
    }
    isolate('a channel', () => this.#channels.get(frame.channel)?.receive(frame))
  }

  #watchSilence(seq: number): void {
    this.#silenceTimer = undefined
    const oldest = this.#end.oldestSeq
    // Without a connection nothing is expected; `configure` begins the watch on the next one.
    if (oldest === undefined || this.#socket === undefined) return
    if (oldest <= seq) return this.#cut()
    const { lastSeq } = this.#end
    this.#silenceTimer = setTimeout(() => this.#watchSilence(lastSeq), SILENCE_MS)
  }

  #write(bytes: Uint8Array): void {
    try {
      this.#socket?.send(bytes)
    } catch {
      // A socket that refuses is closing; its close event follows and the frames are kept.
    }
  }

  #cut(): void {
    const socket = this.#socket
    this.#lose()
    socket?.close(1011, 'link reset')
  }

  /** A cut while calls wait is dialled again at once; otherwise the next call does it. */
  #lose(): void {
    this.#socket = undefined
    this.#draining.end()
    if (this.#channels.size === 0) return
    // One that drains still has calls to answer.
    this.#connected(Date.now() + RECONNECT_MS).catch(() => this.#loseAll())
  }

  /** A new epoch: the host program ends the processes of the former one, should they live. */
  #loseAll(): void {
    this.#epoch = crypto.randomUUID()
    this.#end.lose()
    this.launches.clear()
    for (const channel of [...this.#channels.values()]) isolate('a channel', () => channel.lose())
  }
}
