/**
 * The object's end of the link (protocol/link.ts): dials the host program, keeps what it has not
 * acknowledged, and goes on where it was after a cut. It knows channels, not MCP.
 */
import {
  decodeFrame,
  encodeFrame,
  FLAG,
  FRAME,
  LINK_VERSION,
  MAX_CHUNK_BYTES,
  stampAck,
  type FrameFields,
  type Launch,
  type WelcomeMeta,
} from '#protocol/link.ts'
import { GatewayError } from '#protocol/errors.ts'
import { Channel } from './channel.ts'

/** Unacknowledged frames kept for a resume. A host program acknowledges within 200 ms. */
const MAX_UNACKED_BYTES = 64 * 1024 * 1024
const ACK_AFTER_FRAMES = 64
const ACK_AFTER_MS = 200
/** A link that acknowledges nothing for this long is taken for dead and dialled again. */
const SILENCE_MS = 10_000
const DIAL_ATTEMPT_PAUSE_MS = 100
const DIAL_TIMEOUT_MS = 5_000

export interface LinkOptions {
  /** Opens a WebSocket to the host program, starting it when needed. May fail; is tried again. */
  dial: () => Promise<WebSocket>
  launches: () => Launch[]
  /** Takes over a process that a former object opened, or returns `undefined` to have it ended. */
  adopt: (channel: Channel) => boolean
}

export class Link {
  readonly #options: LinkOptions
  readonly #epoch = crypto.randomUUID()
  readonly #channels = new Map<number, Channel>()
  #socket: WebSocket | undefined
  #connecting: Promise<void> | undefined
  #nextChannel = 1
  #sent = 0
  #received = 0
  #acknowledged = 0
  #unacked: { seq: number; bytes: Uint8Array }[] = []
  #unackedBytes = 0
  #ackTimer: number | undefined
  #silenceTimer: number | undefined

  constructor(options: LinkOptions) {
    this.#options = options
  }

  /** Resolves when frames flow; throws `host_unavailable` when that takes longer than `timeoutMs`. */
  async ready(timeoutMs: number): Promise<void> {
    if (this.#socket !== undefined) return
    this.#connecting ??= this.#connect(Date.now() + timeoutMs).finally(() => {
      this.#connecting = undefined
    })
    await this.#connecting
  }

  /** Asks for a process. The channel fails by itself when none can be had. */
  open(server: string, key: string): Channel {
    const channel = new Channel(this, this.#nextChannel++, key, server)
    this.#channels.set(channel.number, channel)
    this.send({ type: FRAME.open, channel: channel.number, meta: { key, server } })
    return channel
  }

  /** Gives every process up and closes the connection; the next `ready` dials anew. */
  rest(): void {
    const socket = this.#socket
    this.#socket = undefined
    for (const channel of [...this.#channels.values()]) channel.lose()
    socket?.close(1000, 'at rest')
  }

  configure(): void {
    if (this.#socket === undefined) return
    this.send({ type: FRAME.configure, channel: 0, meta: { launches: this.#options.launches() } })
  }

  /** Sends one payload, in pieces when it is large. */
  sendMessage(channel: number, payload: Uint8Array): void {
    let at = 0
    for (; payload.length - at > MAX_CHUNK_BYTES; at += MAX_CHUNK_BYTES) {
      const piece = payload.subarray(at, at + MAX_CHUNK_BYTES)
      this.send({ type: FRAME.message, channel, flags: FLAG.more, payload: piece })
    }
    this.send({ type: FRAME.message, channel, payload: at === 0 ? payload : payload.subarray(at) })
  }

  send(frame: FrameFields): void {
    const seq = ++this.#sent
    const bytes = encodeFrame({ ...frame, seq, ack: this.#received })
    this.#acknowledged = this.#received
    this.#unacked.push({ seq, bytes })
    this.#unackedBytes += bytes.length
    if (this.#unackedBytes > MAX_UNACKED_BYTES) this.#cut()
    else this.#write(bytes)
    this.#silenceTimer ??= setTimeout(() => this.#watchSilence(seq), SILENCE_MS)
  }

  forget(channel: number): void {
    this.#channels.delete(channel)
  }

  async #connect(deadline: number): Promise<void> {
    let cause: unknown
    while (Date.now() < deadline) {
      try {
        return await this.#dialOnce()
      } catch (error) {
        if (GatewayError.is(error)) throw error
        cause = error
        await new Promise((resolve) => setTimeout(resolve, DIAL_ATTEMPT_PAUSE_MS))
      }
    }
    throw new GatewayError('host_unavailable', { cause })
  }

  async #dialOnce(): Promise<void> {
    const socket = await this.#options.dial()
    socket.binaryType = 'arraybuffer'
    socket.accept()
    const welcomed = Promise.withResolvers<void>()
    const timer = setTimeout(() => socket.close(1002, 'no welcome'), DIAL_TIMEOUT_MS)
    socket.addEventListener('message', (event) => {
      if (this.#socket === socket) return this.#receive(event)
      clearTimeout(timer)
      const { meta, ack } = decodeFrame(new Uint8Array(event.data as ArrayBuffer))
      this.#settle(socket, meta as WelcomeMeta, ack)
      welcomed.resolve()
    })
    for (const type of ['close', 'error'] as const) {
      socket.addEventListener(type, () => {
        clearTimeout(timer)
        welcomed.reject(new Error('the link closed before its welcome'))
        if (this.#socket === socket) this.#lose()
      })
    }
    const hello = { versions: [LINK_VERSION], epoch: this.#epoch }
    socket.send(encodeFrame({ type: FRAME.hello, channel: 0, ack: this.#received, meta: hello }))
    await welcomed.promise
  }

  /** Both ends agree on where they are; what the other side has not seen is sent again. */
  #settle(socket: WebSocket, welcome: WelcomeMeta, ack: number): void {
    this.#socket = socket
    if (welcome.resumed) {
      this.#acknowledge(ack)
      for (const { bytes } of this.#unacked) {
        stampAck(bytes, this.#received)
        this.#write(bytes)
      }
      return
    }
    this.#sent = 0
    this.#received = 0
    this.#acknowledged = 0
    this.#unacked = []
    this.#unackedBytes = 0
    this.configure()
    this.#reconcile(welcome.channels)
  }

  #reconcile(live: WelcomeMeta['channels']): void {
    const numbers = new Set(live.map(({ channel }) => channel))
    for (const [number, channel] of this.#channels) {
      if (!numbers.has(number)) channel.lose()
    }
    for (const { channel: number, key, server } of live) {
      this.#nextChannel = Math.max(this.#nextChannel, number + 1)
      if (this.#channels.has(number)) continue
      const channel = new Channel(this, number, key, server, 'open')
      this.#channels.set(number, channel)
      if (!this.#options.adopt(channel)) channel.close()
    }
  }

  #receive(event: MessageEvent): void {
    const frame = decodeFrame(new Uint8Array(event.data as ArrayBuffer))
    this.#acknowledge(frame.ack)
    if (frame.seq === 0) return
    if (frame.seq !== this.#received + 1) return
    this.#received = frame.seq
    if (this.#received - this.#acknowledged >= ACK_AFTER_FRAMES) this.#sendAck()
    else this.#ackTimer ??= setTimeout(() => this.#sendAck(), ACK_AFTER_MS)
    this.#channels.get(frame.channel)?.receive(frame)
  }

  #acknowledge(ack: number): void {
    let count = 0
    for (const { seq, bytes } of this.#unacked) {
      if (seq > ack) break
      this.#unackedBytes -= bytes.length
      count++
    }
    if (count > 0) this.#unacked.splice(0, count)
  }

  #sendAck(): void {
    if (this.#ackTimer !== undefined) clearTimeout(this.#ackTimer)
    this.#ackTimer = undefined
    if (this.#acknowledged === this.#received) return
    this.#acknowledged = this.#received
    this.#write(encodeFrame({ type: FRAME.ack, channel: 0, ack: this.#received }))
  }

  #watchSilence(seq: number): void {
    this.#silenceTimer = undefined
    const oldest = this.#unacked[0]
    if (oldest === undefined) return
    if (oldest.seq <= seq && this.#socket !== undefined) return this.#cut()
    this.#silenceTimer = setTimeout(() => this.#watchSilence(this.#sent), SILENCE_MS)
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
    if (this.#channels.size === 0) return
    this.ready(30_000).catch(() => {
      for (const channel of this.#channels.values()) channel.lose()
    })
  }
}
