import { describe, expect, test } from 'vitest'
import { Outbound } from '#container/link/outbound.ts'
import { decodeFrame, FLAG, FRAME } from '#protocol/link/frame.ts'
import type { FrameFields } from '#protocol/link/frame.ts'

const KiB = 1024

/** Of each frame that was sent: its channel, then its type, or the bytes of a message and what follows. */
type Sent = string

interface Step {
  /** What is sent: a message of so many bytes, or a frame of another type; `times` times. */
  send?: { channel: number; bytes?: number; type?: number; times?: number }
  ack?: number
  expected: Sent[]
}

class Wire {
  readonly held: [number, boolean][] = []
  readonly outbound = new Outbound({
    write: (bytes) => this.#take(bytes),
    handOn: () => undefined,
    maxMessageBytes: 0,
    hasRoom: () => this.isConnected,
    onHeld: (channel, isHeld) => this.held.push([channel, isHeld]),
  })
  isConnected = true
  #sent: Sent[] = []
  #seq: number[] = []

  send({ channel, bytes, type = FRAME.message, times = 1 }: NonNullable<Step['send']>): void {
    for (let n = 0; n < times; n += 1) {
      const fields: FrameFields = { type, channel }
      this.outbound.send(bytes === undefined ? fields : { ...fields, payload: Buffer.alloc(bytes) })
    }
  }

  acknowledge(ack: number): void {
    const frame = { type: FRAME.ack, channel: 0, flags: 0, seq: 0, meta: undefined }
    this.outbound.end.receive({ ...frame, ack, payload: new Uint8Array(0) })
    this.outbound.pump()
  }

  takeSent(): Sent[] {
    this.#seq = []
    return this.#sent.splice(0)
  }

  get numbers(): number[] {
    return this.#seq
  }

  #take(bytes: Uint8Array): void {
    if (!this.isConnected) return
    const { type, channel, flags, payload, seq } = decodeFrame(bytes)
    const more = (flags & FLAG.more) === 0 ? '' : '+'
    const what = type === FRAME.message ? `${payload.length / KiB}${more}` : `type ${type}`
    this.#sent.push(`${channel}: ${what}`)
    this.#seq.push(seq)
  }
}

const times = (count: number, sent: Sent): Sent[] => Array.from({ length: count }, () => sent)

const CASES: { name: string; steps: Step[] }[] = [
  {
    name: 'small messages wait when sixteen are not acknowledged, and as many follow as are',
    steps: [
      { send: { channel: 1, bytes: KiB, times: 20 }, expected: times(16, '1: 1') },
      { ack: 3, expected: times(3, '1: 1') },
      { ack: 19, expected: ['1: 1'] },
    ],
  },
  {
    name: 'pieces of a large message wait when two of them are not acknowledged',
    steps: [
      { send: { channel: 1, bytes: 1_800 * KiB }, expected: ['1: 512+', '1: 512+'] },
      { ack: 1, expected: ['1: 512+'] },
      { ack: 3, expected: ['1: 264'] },
    ],
  },
  {
    name: 'a channel whose window is full holds up no other',
    steps: [
      { send: { channel: 1, bytes: 16 * KiB, times: 99 }, expected: times(16, '1: 16') },
      { send: { channel: 2, bytes: KiB }, expected: ['2: 1'] },
      { send: { channel: 3, bytes: 600 * KiB }, expected: ['3: 512+', '3: 88'] },
    ],
  },
  {
    name: 'what another channel is acknowledged opens no window',
    steps: [
      { send: { channel: 2, bytes: KiB }, expected: ['2: 1'] },
      { send: { channel: 1, bytes: KiB, times: 17 }, expected: times(16, '1: 1') },
      { ack: 1, expected: [] },
      { ack: 2, expected: ['1: 1'] },
    ],
  },
  {
    name: 'channels that wait take turns when their windows open',
    steps: [
      { send: { channel: 1, bytes: 512 * KiB, times: 4 }, expected: times(2, '1: 512') },
      { send: { channel: 2, bytes: 512 * KiB, times: 4 }, expected: times(2, '2: 512') },
      { ack: 4, expected: ['1: 512', '2: 512', '1: 512', '2: 512'] },
    ],
  },
  {
    name: 'frames that are no messages take nothing of a window',
    steps: [
      { send: { channel: 1, type: FRAME.failed, times: 99 }, expected: times(99, '1: type 12') },
      { send: { channel: 1, bytes: KiB, times: 16 }, expected: times(16, '1: 1') },
      { send: { channel: 1, type: FRAME.exit }, expected: ['1: type 9'] },
    ],
  },
  {
    name: 'a frame that is no message stays behind the messages before it',
    steps: [
      { send: { channel: 1, bytes: KiB, times: 17 }, expected: times(16, '1: 1') },
      { send: { channel: 1, type: FRAME.exit }, expected: [] },
      { ack: 1, expected: ['1: 1', '1: type 9'] },
    ],
  },
]

describe('a channel’s window', () => {
  test.for(CASES)('$name', ({ steps }) => {
    const wire = new Wire()
    for (const { send, ack, expected } of steps) {
      if (send !== undefined) wire.send(send)
      if (ack !== undefined) wire.acknowledge(ack)

      expect(wire.takeSent()).toEqual(expected)
    }
  })
})

test('what waited while there was no connection follows what is sent again, in its order', () => {
  const wire = new Wire()
  for (let n = 1; n <= 20; n += 1) wire.send({ channel: 1, bytes: n * KiB })
  wire.takeSent()
  wire.isConnected = false
  wire.acknowledge(2)
  wire.isConnected = true

  wire.outbound.resume(2)

  const all = Array.from({ length: 16 }, (_, n) => n + 3)
  expect(wire.numbers).toEqual(all)
  expect(wire.takeSent()).toEqual(all.map((n) => `1: ${n}`))
  wire.acknowledge(18)
  expect(wire.takeSent()).toEqual(['1: 19', '1: 20'])
})

test('a new object gets all pieces of a message anew, and a window counts them', () => {
  const wire = new Wire()
  wire.send({ channel: 1, bytes: 2_048 * KiB })
  wire.acknowledge(2)
  wire.takeSent()

  wire.outbound.replay()

  expect(wire.numbers).toEqual([1, 2, 3, 4])
  expect(wire.takeSent()).toEqual(['1: 512+', '1: 512+', '1: 512+', '1: 512'])
  wire.send({ channel: 1, bytes: KiB })
  wire.acknowledge(2)
  expect(wire.takeSent()).toEqual([])
  wire.acknowledge(3)
  expect(wire.takeSent()).toEqual(['1: 1'])
})

test('a channel is pending until what waits of it is acknowledged, too', () => {
  const wire = new Wire()
  wire.send({ channel: 1, bytes: KiB, times: 17 })

  wire.acknowledge(16)
  expect([...wire.outbound.pendingChannels()]).toEqual([1])
  wire.acknowledge(17)

  expect([...wire.outbound.pendingChannels()]).toEqual([])
  expect(wire.outbound.bytes).toBe(0)
})

const HOLDS = [
  { name: 'a mebibyte waits', bytes: 16 * KiB, most: 64 },
  { name: '1,024 messages wait', bytes: 16, most: 1_024 },
]

test.for(HOLDS)('over $name of a channel it is held, until half is sent', ({ bytes, most }) => {
  const wire = new Wire()
  wire.send({ channel: 2, bytes })
  wire.send({ channel: 1, bytes, times: 16 + most })
  expect(wire.held).toEqual([])

  wire.send({ channel: 1, bytes })
  expect(wire.held).toEqual([[1, true]])
  for (let seq = 1; seq <= 1 + most / 2; seq += 1) wire.acknowledge(seq)
  expect(wire.held).toEqual([[1, true]])
  wire.acknowledge(2 + most / 2)

  const heldAndLetGo = [
    [1, true],
    [1, false],
  ]
  expect(wire.held).toEqual(heldAndLetGo)
})
