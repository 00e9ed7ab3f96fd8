/** The object's side of the link, small and real: what `container/` tests dial with. */
import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { WebSocket } from 'ws'
import {
  decodeFrame,
  encodeFrame,
  FLAG,
  FRAME,
  MAX_CHUNK_BYTES,
  stampAck,
} from '#protocol/link/frame.ts'
import type { Launch, LaunchMeta, WelcomeMeta } from '#protocol/link.ts'
import type { Frame, FrameFields } from '#protocol/link/frame.ts'
import { HOST_TOKEN } from './host-program.ts'

const DEADLINE_MS = 15_000

/** A frame with its payload's pieces put together. */
export interface Received {
  type: number
  channel: number
  flags: number
  meta: unknown
  payload: Uint8Array
}

export interface LinkClientOptions {
  port: number
  name: string
  token?: string
  origin?: string
  epoch?: string
}

export class LinkClient {
  readonly epoch: string
  /** Everything that came and was not taken yet, in order. */
  readonly inbox: Received[] = []
  /** What it was told of launches, in order: not in the inbox. */
  readonly launches: LaunchMeta[] = []
  welcome: WelcomeMeta | undefined
  closeReason: string | undefined
  /** While true nothing is acknowledged, as of an object that stands still. */
  isSilent = false
  /** Frames that came again on one epoch. */
  duplicates = 0
  readonly #options: LinkClientOptions
  readonly #pieces = new Map<number, Frame[]>()
  readonly #unacknowledged: Uint8Array[] = []
  readonly #wakers = new Set<() => void>()
  #socket: WebSocket | undefined
  #sent = 0
  #received = 0

  constructor(options: LinkClientOptions) {
    this.#options = options
    this.epoch = options.epoch ?? randomUUID()
  }

  /** Dials, or dials again after `cut`; resolves with the host's welcome. */
  async connect(versions = [1]): Promise<WelcomeMeta> {
    const { port, name, token = HOST_TOKEN, origin } = this.#options
    const headers = { authorization: `Bearer ${token}`, ...(origin !== undefined && { origin }) }
    const url = `ws://127.0.0.1:${port}/link/${encodeURIComponent(name)}`
    const socket = new WebSocket(url, { headers, perMessageDeflate: false })
    this.#socket = socket
    this.welcome = undefined
    this.closeReason = undefined
    socket.on('message', (data: Buffer) => {
      if (socket === this.#socket) this.#take(decodeFrame(data))
    })
    socket.on('close', (_code, reason) => {
      if (socket !== this.#socket) return
      this.closeReason = reason.toString()
      this.#wake()
    })
    await new Promise<void>((resolve, reject) => {
      socket.once('open', resolve)
      socket.once('error', reject)
    })
    socket.on('error', () => undefined)
    const meta = { versions, epoch: this.epoch }
    socket.send(encodeFrame({ type: FRAME.hello, channel: 0, ack: this.#received, meta }))
    await this.until(() => this.welcome !== undefined || this.closeReason !== undefined)
    if (this.welcome === undefined) throw new Error(`link closed: ${this.closeReason}`)
    return this.welcome
  }

  /** Drops the connection without a closing handshake. */
  cut(): void {
    this.#socket?.terminate()
  }

  configure(launches: Launch[]): void {
    const isRemote = ({ remote }: Launch): boolean => remote !== undefined
    const meta = { launches: launches.filter((launch) => !isRemote(launch)) }
    const remotes = launches.filter(isRemote)
    this.send({ type: FRAME.configure, channel: 0, meta: { ...meta, remotes } })
  }

  open(channel: number, server: string, key = `session:${channel}`, owner?: string): void {
    const meta = { key, server, ...(owner !== undefined && { owner }) }
    this.send({ type: FRAME.open, channel, meta })
  }

  close(channel: number): void {
    this.send({ type: FRAME.close, channel })
  }

  message(channel: number, message: unknown): void {
    this.payload(channel, new TextEncoder().encode(JSON.stringify(message)))
  }

  payload(channel: number, payload: Uint8Array): void {
    for (let at = 0; at === 0 || at < payload.length; at += MAX_CHUNK_BYTES) {
      const piece = payload.subarray(at, at + MAX_CHUNK_BYTES)
      const flags = at + MAX_CHUNK_BYTES < payload.length ? FLAG.more : 0
      this.send({ type: FRAME.message, channel, flags, payload: piece })
    }
  }

  /** Numbers the frame, keeps it until it is acknowledged, and sends it when connected. */
  send(fields: FrameFields): void {
    this.#sent += 1
    const bytes = encodeFrame({ ...fields, seq: this.#sent, ack: this.#received })
    this.#unacknowledged.push(bytes)
    if (this.welcome !== undefined) this.raw(bytes)
  }

  raw(bytes: Uint8Array): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(bytes)
  }

  acknowledge(): void {
    this.raw(encodeFrame({ type: FRAME.ack, channel: 0, ack: this.#received }))
  }

  /** Takes the first frame of this type (and channel), waiting for it. */
  async take(type: number, channel?: number): Promise<Received> {
    const find = (): number =>
      this.inbox.findIndex(
        (frame) => frame.type === type && (channel === undefined || frame.channel === channel),
      )
    for (;;) {
      await this.until(() => find() !== -1)
      const at = find()
      // Another one who waits may have taken it.
      const [frame] = at === -1 ? [] : this.inbox.splice(at, 1)
      if (frame !== undefined) return frame
    }
  }

  /** Takes the channel's next message, parsed. */
  async takeMessage(channel: number): Promise<Record<string, unknown>> {
    const { payload } = await this.take(FRAME.message, channel)
    return JSON.parse(new TextDecoder().decode(payload)) as Record<string, unknown>
  }

  async takeMeta<T>(type: number, channel?: number): Promise<T> {
    return (await this.take(type, channel)).meta as T
  }

  /** Resolves when so many pieces of messages that are not whole have come. */
  untilPieces(count: number): Promise<void> {
    return this.until(() => [...this.#pieces.values()].flat().length >= count)
  }

  untilClosed(): Promise<void> {
    return this.until(() => this.closeReason !== undefined)
  }

  /** Resolves when the condition holds; looked at after each frame. */
  async until(condition: () => boolean, deadlineMs = DEADLINE_MS): Promise<void> {
    const deadline = new AbortController()
    const late = delay(deadlineMs, true, { signal: deadline.signal }).catch(() => false)
    while (!condition()) {
      const woken = new Promise<false>((resolve) => this.#wakers.add(() => resolve(false)))
      if (await Promise.race([woken, late])) {
        throw new Error(`nothing came in ${deadlineMs} ms; inbox ${this.#describeInbox()}`)
      }
    }
    deadline.abort()
  }

  #take(frame: Frame): void {
    if (frame.type === FRAME.hello) this.#begin(frame)
    this.#forget(frame.ack)
    if (frame.type === FRAME.hello || frame.type === FRAME.ack) return this.#wake()
    if (frame.seq <= this.#received) {
      this.duplicates += 1
      return
    }
    if (frame.seq !== this.#received + 1) throw new Error(`gap before frame ${frame.seq}`)
    this.#received = frame.seq
    if (!this.isSilent) this.acknowledge()
    this.#assemble(frame)
    this.#wake()
  }

  #begin(frame: Frame): void {
    const welcome = frame.meta as WelcomeMeta
    if (!welcome.resumed) this.#received = 0
    if (!welcome.resumed) this.#pieces.clear()
    this.welcome = welcome
    this.#forget(frame.ack)
    for (const bytes of this.#unacknowledged) {
      stampAck(bytes, this.#received)
      this.raw(bytes)
    }
  }

  #forget(ack: number): void {
    const first = (): number => {
      const bytes = this.#unacknowledged[0]
      return bytes === undefined ? Infinity : decodeFrame(bytes).seq
    }
    while (first() <= ack) this.#unacknowledged.shift()
  }

  #assemble(frame: Frame): void {
    const pieces = [...(this.#pieces.get(frame.channel) ?? []), frame]
    const hasMore = frame.type === FRAME.message && (frame.flags & FLAG.more) !== 0
    if (frame.type === FRAME.message) this.#pieces.set(frame.channel, pieces)
    if (hasMore) return
    if (frame.type === FRAME.message) this.#pieces.delete(frame.channel)
    if (frame.type === FRAME.printed) return
    if (frame.type === FRAME.launch) return void this.launches.push(frame.meta as LaunchMeta)
    const whole = frame.type === FRAME.message ? pieces : [frame]
    this.inbox.push({
      type: frame.type,
      channel: frame.channel,
      flags: frame.flags,
      meta: whole[0]?.meta,
      payload: Buffer.concat(whole.map(({ payload }) => payload)),
    })
  }

  #wake(): void {
    const wakers = [...this.#wakers]
    this.#wakers.clear()
    for (const wake of wakers) wake()
  }

  #describeInbox(): string {
    return JSON.stringify(this.inbox.map(({ type, channel, meta }) => ({ type, channel, meta })))
  }
}
