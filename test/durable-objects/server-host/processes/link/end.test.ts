/** The object's end of the link. */
import { expect, onTestFinished, test, vi } from 'vitest'
import { Link } from '#durable-objects/server-host/processes/link/link.ts'
import type { Channel } from '#durable-objects/server-host/processes/link/channel.ts'
import { decodeFrame, encodeFrame, FRAME } from '#protocol/link/frame.ts'
import { testLinkEnd, type EndOnWire } from '#test/contracts/link-end.ts'
import { FakeWebSocket } from '#test/support/fake-web-socket.ts'

const MAX_MESSAGE_BYTES = 64 * 1024 * 1024
const SILENCE_MS = 10_000
/** Of promises until it has dialled. */
const MOST_TURNS = 100

const CHANNELS = [1, 2].map((channel) => ({ channel, key: `${channel}`, server: 's', digest: 'd' }))

interface ObjectEnd extends EndOnWire {
  /** How many connections it has dialled. */
  dials: () => number
}

async function createEnd(): Promise<ObjectEnd> {
  const sent: Uint8Array[] = []
  const heard: [number, string][] = []
  const channels: Channel[] = []
  const decoder = new TextDecoder()
  let socket = new FakeWebSocket(sent)
  /** The one that was welcomed. */
  let wire = socket
  let dials = 0
  const link = new Link({
    dial: () => {
      dials += 1
      socket = new FakeWebSocket(sent)
      return Promise.resolve(socket)
    },
    launches: () => [],
    adopt: () => false,
    onStartFailed: () => undefined,
    unacked: { add: () => undefined },
  })
  const end: ObjectEnd = {
    ...{ sent, heard, tooLong: 0, maxMessageBytes: MAX_MESSAGE_BYTES },
    meta: { kind: 'response', id: 1 },
    say: (channel, text) => void channels[channel - 1]?.send(new TextEncoder().encode(text)),
    deliver: (bytes) => wire.receive(bytes),
    connect: async (ack) => {
      const ready = link.ready(1_000)
      const isHello = (bytes: Uint8Array): boolean => decodeFrame(bytes).type === FRAME.hello
      for (let turn = 0; !sent.some(isHello) && turn < MOST_TURNS; turn += 1) await undefined
      const hello = decodeFrame(sent[sent.findIndex(isHello)] ?? new Uint8Array())
      sent.length = 0
      wire = socket
      const live = CHANNELS.slice(0, channels.length)
      const meta = { version: 1, instance: 'host', resumed: ack !== 'anew', channels: live }
      end.deliver(encodeFrame({ type: FRAME.hello, channel: 0, meta }, 0, Number(ack) || 0))
      await ready
      while (channels.length < CHANNELS.length) channels.push(open())
      return { ack: hello.ack }
    },
    cut: () => wire.cut(),
    isClosed: () => wire.isClosed,
    dials: () => dials,
  }
  const open = (): Channel => {
    const number = channels.length + 1
    const channel = link.open({ key: `${number}`, server: 's' })
    channel.listen({
      onMessage: (payload) => heard.push([number, decoder.decode(payload)]),
      onOversize: () => (end.tooLong += 1),
      onUndelivered: () => undefined,
      onFailed: () => undefined,
      onOver: () => undefined,
    })
    return channel
  }
  return end
}

testLinkEnd('the object’s end', createEnd)

test('a link on which every frame is acknowledged within a second is never dialled again', async () => {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  const end = await createEnd()
  await end.connect('anew')

  for (let second = 0; second < (3 * SILENCE_MS) / 1_000; second += 1) {
    const last = end.sent.splice(0).map((bytes) => decodeFrame(bytes).seq)
    const ack = Math.max(...last)
    vi.advanceTimersByTime(500)
    if (ack > 0) end.deliver(encodeFrame({ type: FRAME.ack, channel: 0 }, 0, ack))
    end.say(1, 'again')
    vi.advanceTimersByTime(500)
  }

  expect([end.isClosed(), end.dials()]).toEqual([false, 1])
})

test('a link on which nothing is acknowledged for 10 s is dialled again', async () => {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  const end = await createEnd()
  await end.connect('anew')

  vi.advanceTimersByTime(SILENCE_MS)
  await Promise.resolve()

  expect(end.dials()).toBe(2)
})
