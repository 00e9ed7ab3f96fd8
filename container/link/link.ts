/** The host's side of the link: connections come and go, the numbered frames go on. */
import type { Writable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import type { RawData } from 'ws'
import { Connection, type LinkSocket } from './connection.ts'
import { parseHello } from './metas.ts'
import { Outbound } from './outbound.ts'
import { decodeFrame, encodeFrame, FRAME, LINK_VERSION } from '#protocol/link/frame.ts'
import type { WelcomeMeta } from '#protocol/link.ts'
import type { Frame, FrameFields } from '#protocol/link/frame.ts'
import type { Whole } from '#protocol/link/assembler.ts'

/** Over this much that is not acknowledged no process is read; below half of it they are again. */
const PRESSURE_BYTES = 64 * 1024 * 1024

/** Beyond this, what has waited goes on waiting for its turn outside the socket. */
const SOCKET_ROOM_BYTES = 2 * 1024 * 1024

const HELLO_DEADLINE_MS = 10_000

/** The longest wait for an object to take the last answers of a program that ends, and how often it looks. */
const SETTLE_DEADLINE_MS = 30_000
const SETTLE_CHECK_MS = 25

export interface LinkOptions {
  /** Random; a change tells the object that all processes are gone. */
  instance: string
  /** The channels that a new object may adopt. */
  channels(): WelcomeMeta['channels']
  /** A frame, in order and once, a message whole. Throws for one that the object should not have sent. */
  onFrame(frame: Whole): void
  /** Of a message from the object. */
  maxMessageBytes: number
  /** So much waits, of all channels, that nothing more is wanted (true), or little enough again. */
  onPressure(isHigh: boolean): void
  /** The same of one channel. */
  onHeld(channel: number, isHeld: boolean): void
  onConnected(isConnected: boolean): void
  /** The connection was ended because of what the object sent. */
  onFault(error: unknown): void
}

export class Link {
  readonly #options: LinkOptions
  readonly #outbound: Outbound
  #connection: Connection | undefined
  #epoch: string | undefined
  #isPressureHigh = false
  #isDraining = false

  constructor(options: LinkOptions) {
    this.#options = options
    this.#outbound = new Outbound({
      write: (bytes) => this.#connection?.send(bytes),
      handOn: (frame) => options.onFrame(frame),
      maxMessageBytes: options.maxMessageBytes,
      hasRoom: () => (this.#connection?.bufferedBytes ?? Infinity) < SOCKET_ROOM_BYTES,
      onHeld: (channel, isHeld) => options.onHeld(channel, isHeld),
    })
  }

  /** The socket takes the place of the former one when its hello has come. */
  attach(socket: LinkSocket, tcp: Writable): void {
    const connection = new Connection(socket, tcp, () => this.#pump())
    const deadline = setTimeout(() => connection.close(1002, 'no hello'), HELLO_DEADLINE_MS)
    socket.on('message', (data: RawData, isBinary: boolean) => {
      try {
        const frame = decodeFrame(toBytes(data, isBinary))
        if (frame.type === FRAME.hello) {
          clearTimeout(deadline)
          this.#welcome(connection, frame)
        } else if (connection === this.#connection) {
          this.#receive(frame)
        }
      } catch (error) {
        this.#options.onFault(error)
        connection.close(1002, 'bad frame')
      }
    })
    socket.on('close', () => {
      clearTimeout(deadline)
      connection.stop()
      if (connection === this.#connection) this.#lose()
    })
    socket.on('error', () => undefined)
  }

  /** Sends one frame to the object, now or when it is there. Takes ownership of the payload. */
  send(fields: FrameFields): void {
    this.#outbound.send(fields)
    this.#weighPressure()
  }

  /** What came in part on this channel is of no use. */
  drop(channel: number): void {
    this.#outbound.end.drop(channel)
  }

  /** Tells the object, also one that connects later, that no more requests are taken. */
  drain(): void {
    this.#isDraining = true
    this.send({ type: FRAME.draining, channel: 0 })
  }

  /** Resolves when all that was sent is acknowledged, or nobody is connected, or it takes too long. */
  async settled(): Promise<void> {
    const isWaiting = (): boolean => this.#connection !== undefined && this.#outbound.bytes > 0
    const deadline = performance.now() + SETTLE_DEADLINE_MS
    while (isWaiting() && performance.now() < deadline) await delay(SETTLE_CHECK_MS)
  }

  /** Channels with frames that are not acknowledged. */
  pendingChannels(): ReadonlySet<number> {
    return this.#outbound.pendingChannels()
  }

  /** Resolves when what was sent is out, or the other side takes too long. */
  async close(reason: string): Promise<void> {
    this.#outbound.end.stop()
    await this.#connection?.closed(1001, reason)
  }

  #welcome(connection: Connection, frame: Frame): void {
    const { versions, epoch } = parseHello(frame.meta)
    if (!versions.includes(LINK_VERSION)) return connection.close(1002, 'no common link version')
    const resumed = epoch === this.#epoch
    this.#connection?.close(1001, 'replaced')
    this.#connection = connection
    this.#epoch = epoch
    const { instance } = this.#options
    const channels = this.#options.channels()
    const version = LINK_VERSION
    const draining = this.#isDraining ? { isDraining: true as const } : {}
    const meta: WelcomeMeta = { version, instance, resumed, ...draining, channels }
    const ack = resumed ? this.#outbound.end.takeAck() : 0
    connection.send(encodeFrame({ type: FRAME.hello, channel: 0, meta }, 0, ack))
    if (resumed) this.#outbound.resume(frame.ack)
    else this.#outbound.replay()
    this.#options.onConnected(true)
    this.#weighPressure()
  }

  #receive(frame: Frame): void {
    const follows = this.#outbound.end.receive(frame)
    if (!follows) throw new RangeError(`frame ${frame.seq} does not follow`)
    this.#pump()
  }

  #pump(): void {
    this.#outbound.pump()
    this.#weighPressure()
  }

  #lose(): void {
    this.#connection = undefined
    this.#options.onConnected(false)
  }

  #weighPressure(): void {
    const limit = this.#isPressureHigh ? PRESSURE_BYTES / 2 : PRESSURE_BYTES
    const isHigh = this.#outbound.bytes > limit
    if (isHigh === this.#isPressureHigh) return
    this.#isPressureHigh = isHigh
    this.#options.onPressure(isHigh)
  }
}

function toBytes(data: RawData, isBinary: boolean): Uint8Array {
  if (!isBinary || !Buffer.isBuffer(data)) throw new TypeError('a link message is binary')
  return data
}
