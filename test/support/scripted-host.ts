/**
 * The other end of the link, under a test's control: it speaks protocol/link.ts and runs no
 * process. What it is sent is kept in `frames`; it answers as its `script` says.
 */
import type { WebSocket } from 'ws'
import type { HelloMeta, RefusedMeta, WelcomeMeta } from '#protocol/link.ts'
import {
  decodeFrame,
  encodeFrame,
  FLAG,
  FRAME,
  LINK_VERSION,
  type Frame,
  type FrameFields,
} from '#protocol/link/frame.ts'
import { waitUntil } from './processes.ts'

interface Request {
  id?: string | number
  method?: string
  params?: Record<string, unknown>
  result?: unknown
}

export interface Script {
  /** Called for each connection's hello; the default welcomes as a host program does. */
  onHello?: (connection: WebSocket, hello: HelloMeta, nth: number) => void
  /** Why there is no process for a channel; the default has one for each. */
  refuse?: (channel: number) => RefusedMeta | undefined
  /** What a process answers; `undefined` for nothing. */
  answer?: (request: Request, channel: number) => object | undefined
}

export class ScriptedHost {
  readonly frames: (Frame & { connection: number })[] = []
  readonly connections: WebSocket[] = []
  readonly instance = crypto.randomUUID()
  /** How many connections may be sent on: they were welcomed. */
  welcomes = 0
  script: Script = {}
  #epoch: string | undefined
  #sent = 0
  #received = 0
  #flags = 0

  /** As the host program does it: an epoch that is known is resumed. */
  welcome(socket: WebSocket, { epoch }: HelloMeta, more: Partial<WelcomeMeta> = {}): void {
    const resumed = epoch === this.#epoch
    this.takeEpoch(epoch)
    const { instance } = this
    const meta = { version: LINK_VERSION, instance, resumed, channels: [], ...more }
    socket.send(encodeFrame({ type: FRAME.hello, channel: 0, ack: this.#received, meta }))
    this.welcomes += 1
  }

  /** What a hello changes, whether its welcome arrives or not. */
  takeEpoch(epoch: string): void {
    if (epoch !== this.#epoch) this.#sent = this.#received = 0
    this.#epoch = epoch
  }

  /** One sequenced frame over the newest connection, or another one. */
  send(frame: FrameFields, socket = this.connections.at(-1)): void {
    this.#sent += 1
    socket?.send(
      encodeFrame({ ack: this.#received, flags: this.#flags, ...frame, seq: this.#sent }),
    )
  }

  /** What is sent meanwhile is marked as sent again. */
  replay(sending: () => void): void {
    this.#flags = FLAG.replayed
    sending()
    this.#flags = 0
  }

  /** A notification, or what the test gives as its bytes. */
  notify(channel: number, method: string, params: object, payload?: Uint8Array): void {
    const text = JSON.stringify({ jsonrpc: '2.0', method, params })
    const meta = { kind: 'notification', method }
    this.send({ type: FRAME.message, channel, meta, payload: payload ?? Buffer.from(text) })
  }

  /** `{ error }` is a response that failed, anything else a result. */
  respond(channel: number, id: string | number, answer: object): void {
    const failed = 'error' in answer
    const message = { jsonrpc: '2.0', id, ...(failed ? answer : { result: answer }) }
    const meta = { kind: 'response', id, failed }
    this.send({ type: FRAME.message, channel, meta, payload: Buffer.from(JSON.stringify(message)) })
  }

  /** A request of the server's own. */
  ask(channel: number, id: string | number, method: string, params: object): void {
    const payload = Buffer.from(JSON.stringify({ jsonrpc: '2.0', id, method, params }))
    this.send({ type: FRAME.message, channel, meta: { kind: 'request', id, method }, payload })
  }

  /** What came back to such requests, in the order of arrival. */
  answers(id: string | number): { channel: number; result: unknown }[] {
    return this.frames
      .filter(({ type }) => type === FRAME.message)
      .map(({ channel, payload }) => ({ channel, answer: parse(payload) }))
      .filter(({ answer }) => answer.id === id && answer.method === undefined)
      .map(({ channel, answer }) => ({ channel, result: answer.result }))
  }

  /** `ack`: the last frame that came before the exit, where others came after it. */
  exit(channel: number, ack = this.#received): void {
    const meta = { exitCode: 1, signal: null, reason: 'crashed' }
    this.send({ type: FRAME.exit, channel, ack, meta })
  }

  /** Messages of one method, with the channel that they came on. */
  requests(method: string): { channel: number; request: Request }[] {
    return this.frames
      .filter(({ type }) => type === FRAME.message)
      .map(({ channel, payload }) => ({ channel, request: parse(payload) }))
      .filter(({ request }) => request.method === method)
  }

  async until(holds: () => boolean, what: string, deadlineMs?: number): Promise<void> {
    await waitUntil(holds, `no ${what}`, deadlineMs)
  }

  /** A connection that the object has dialled. */
  attach(socket: WebSocket): void {
    const nth = this.connections.push(socket)
    socket.on('error', () => undefined)
    socket.on('message', (data: Buffer) => this.#receive(socket, nth, decodeFrame(data)))
  }

  #receive(socket: WebSocket, nth: number, frame: Frame): void {
    const { type, seq, channel } = frame
    if (type === FRAME.hello) {
      const hello = frame.meta as HelloMeta
      if (this.script.onHello !== undefined) return this.script.onHello(socket, hello, nth)
      return this.welcome(socket, hello)
    }
    if (seq !== this.#received + 1) return
    this.#received = seq
    this.frames.push({ ...frame, connection: nth })
    if (type === FRAME.open) {
      const refused = this.script.refuse?.(channel)
      if (refused !== undefined) return this.send({ type: FRAME.refused, channel, meta: refused })
      return this.send({ type: FRAME.opened, channel, meta: { pid: 1, warm: true } })
    }
    if (type !== FRAME.message) return
    const request = parse(frame.payload)
    if (request.id === undefined || request.method === undefined) return
    const result = this.script.answer?.(request, channel)
    if (result !== undefined) this.respond(channel, request.id, result)
  }
}

function parse(payload: Uint8Array): Request {
  return JSON.parse(Buffer.from(payload).toString()) as Request
}
