/** The host program's end of the link. */
import { EventEmitter } from 'node:events'
import { PassThrough } from 'node:stream'
import { Link } from '#container/link/link.ts'
import { decodeFrame, encodeFrame, FRAME } from '#protocol/link/frame.ts'
import { testLinkEnd, type EndOnWire } from '#test/contracts/link-end.ts'

const MAX_MESSAGE_BYTES = 1_000
class Wire extends EventEmitter {
  readyState: 1 | 3 = 1
  readonly bufferedAmount = 0
  closedWith: number | undefined
  readonly #sent: Uint8Array[]

  constructor(sent: Uint8Array[]) {
    super()
    this.#sent = sent
  }

  send(bytes: Uint8Array): void {
    this.#sent.push(bytes)
  }

  close(code: number): void {
    this.closedWith ??= code
    this.terminate()
  }

  terminate(): void {
    this.readyState = 3
    this.emit('close')
  }

  ping(): void {
    this.emit('pong')
  }
}

function createEnd(): Promise<EndOnWire> {
  const sent: Uint8Array[] = []
  const heard: [number, string][] = []
  let wire = new Wire(sent)
  let epoch = 0
  const link = new Link({
    instance: 'host',
    maxMessageBytes: MAX_MESSAGE_BYTES,
    channels: () => [],
    onFrame: ({ channel, payload, tail }) => {
      if (tail === undefined) heard.push([channel, Buffer.from(payload).toString()])
      else end.tooLong += 1
    },
    onPressure: () => undefined,
    onHeld: () => undefined,
    onConnected: () => undefined,
    onFault: () => undefined,
  })
  const end: EndOnWire = {
    ...{ sent, heard, tooLong: 0, meta: { call: 'c' }, maxMessageBytes: MAX_MESSAGE_BYTES },
    say: (channel, text) => {
      const meta = { kind: 'notification' }
      link.send({ type: FRAME.message, channel, meta, payload: Buffer.from(text) })
    },
    deliver: (bytes) => void wire.emit('message', Buffer.from(bytes), true),
    connect: (ack) => {
      if (ack === 'anew') epoch += 1
      sent.length = 0
      wire = new Wire(sent)
      link.attach(wire, new PassThrough())
      const meta = { versions: [1], epoch: `${epoch}` }
      end.deliver(encodeFrame({ type: FRAME.hello, channel: 0, meta }, 0, Number(ack) || 0))
      return Promise.resolve({ ack: decodeFrame(sent.shift() ?? new Uint8Array()).ack })
    },
    cut: () => wire.terminate(),
    isClosed: () => wire.closedWith !== undefined,
  }
  return Promise.resolve(end)
}

testLinkEnd('the host program’s end', createEnd)
