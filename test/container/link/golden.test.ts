/**
 * Version 1 of the link, byte by byte: an image may be one version older than its worker, so these
 * bytes must be understood as long as `hello` offers version 1.
 */
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { HOST_TOKEN, startHostProgram } from '#test/support/host-program.ts'
import type { HostProgram } from '#test/support/host-program.ts'
import { decodeFrame, encodeFrame, FLAG, FRAME } from '#protocol/link/frame.ts'
import type { FrameFields } from '#protocol/link/frame.ts'

interface Golden {
  name: string
  fields: FrameFields
  hex: string
}

const text = (value: string): string => Buffer.from(value).toString('hex')

const GOLDEN: Golden[] = [
  {
    name: 'hello',
    fields: { type: FRAME.hello, channel: 0, meta: { versions: [1], epoch: 'e' } },
    hex: `010100000000000000000000000000000000001c${text('{"versions":[1],"epoch":"e"}')}`,
  },
  {
    name: 'ack',
    fields: { type: FRAME.ack, channel: 0, ack: 258 },
    hex: '0102000000000000000001020000000000000000',
  },
  {
    name: 'open',
    fields: { type: FRAME.open, channel: 3, seq: 2, ack: 1, meta: { key: 'k', server: 's' } },
    hex: `0104000000000002000000010000000300000018${text('{"key":"k","server":"s"}')}`,
  },
  {
    name: 'a piece of a message',
    fields: {
      type: FRAME.message,
      channel: 65_536,
      seq: 4_294_967_295,
      flags: FLAG.more | FLAG.replayed,
      meta: { kind: 'request', id: 1, method: 'm' },
      payload: Buffer.from('{}'),
    },
    hex: `01070003ffffffff000000000001000000000026${text('{"kind":"request","id":1,"method":"m"}')}7b7d`,
  },
  {
    name: 'close',
    fields: { type: FRAME.close, channel: 3, seq: 5 },
    hex: '0108000000000005000000000000000300000000',
  },
]

for (const { name, fields, hex } of GOLDEN) {
  test(`${name} is written and read as these bytes`, () => {
    expect(Buffer.from(encodeFrame(fields)).toString('hex')).toBe(hex)
    expect(decodeFrame(Buffer.from(hex, 'hex'))).toMatchObject({
      ...fields,
      ...(fields.payload === undefined ? {} : { payload: expect.any(Uint8Array) }),
    })
  })
}

let host: HostProgram
beforeAll(async () => void (host = await startHostProgram()))
afterAll(() => host.stop())

async function dial(): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${host.port}/link/v1%3Agolden%3Amain`, {
    headers: { authorization: `Bearer ${HOST_TOKEN}` },
  })
  await once(socket, 'open')
  return socket
}

const hello = (versions: number[]): Uint8Array =>
  encodeFrame({ type: FRAME.hello, channel: 0, meta: { versions, epoch: randomUUID() } })

test('the host answers a hello that lists newer versions, too', async () => {
  const socket = await dial()
  socket.send(hello([3, 2, 1]))
  const [bytes] = (await once(socket, 'message')) as [Buffer]
  socket.terminate()

  expect(decodeFrame(bytes)).toMatchObject({
    type: FRAME.hello,
    seq: 0,
    meta: { version: 1, resumed: false, instance: expect.any(String), channels: [] },
  })
})

test('unknown frame types and meta members are ignored', async () => {
  const socket = await dial()
  socket.send(hello([1]))
  await once(socket, 'message')
  socket.send(encodeFrame({ type: 200, channel: 0, seq: 1, meta: { new: true } }))
  const meta = { key: 'k', server: 'nobody', new: true }
  socket.send(encodeFrame({ type: FRAME.open, channel: 1, seq: 2, meta }))
  const [bytes] = (await once(socket, 'message')) as [Buffer]
  socket.terminate()

  expect(decodeFrame(bytes)).toMatchObject({
    type: FRAME.refused,
    seq: 1,
    ack: 2,
    channel: 1,
    meta: { code: 'server_not_found' },
  })
})

test('a number that was received already is not taken again', async () => {
  const socket = await dial()
  socket.send(hello([1]))
  await once(socket, 'message')
  const frames: Buffer[] = []
  socket.on('message', (bytes: Buffer) => frames.push(bytes))
  const open = (channel: number, seq: number): Uint8Array =>
    encodeFrame({ type: FRAME.open, channel, seq, meta: { key: 'k', server: 'nobody' } })
  for (const bytes of [open(1, 1), open(1, 1), open(2, 2)]) socket.send(bytes)
  while (frames.length < 2) await once(socket, 'message')
  socket.terminate()

  expect(frames.map((bytes) => decodeFrame(bytes).channel)).toEqual([1, 2])
})

const FAULTS = [
  { name: 'no version in common', frames: [hello([2])], reason: 'no common link version' },
  { name: 'bytes that are no frame', frames: [Buffer.from('hi')], reason: 'bad frame' },
  {
    name: 'a number that does not follow',
    frames: [hello([1]), encodeFrame({ type: FRAME.close, channel: 1, seq: 9 })],
    reason: 'bad frame',
  },
  {
    name: 'a meta that lacks what is needed',
    frames: [hello([1]), encodeFrame({ type: FRAME.open, channel: 1, seq: 1, meta: {} })],
    reason: 'bad frame',
  },
]
for (const { name, frames, reason } of FAULTS) {
  test(`${name}: the connection is closed, the host goes on`, async () => {
    const socket = await dial()
    for (const frame of frames) socket.send(frame)
    const [code, text] = (await once(socket, 'close')) as [number, Buffer]

    expect([code, text.toString()]).toEqual([1002, reason])
    expect(await host.console('v1:golden:main')).toEqual([])
  })
}
