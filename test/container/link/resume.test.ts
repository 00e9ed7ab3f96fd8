import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { launchOf } from '#test/support/host-program.ts'
import { LinkClient } from '#test/support/link-client.ts'
import type { Received } from '#test/support/link-client.ts'
import { CELL, startLinkSession } from '#test/support/link-session.ts'
import type { LinkSession } from '#test/support/link-session.ts'
import { childrenOf, waitUntil } from '#test/support/processes.ts'
import { FLAG, FRAME } from '#protocol/link/frame.ts'

let session: LinkSession
let link: LinkClient
beforeEach(async () => {
  session = await startLinkSession({ HEARTH_KEEP_MS: '1500' })
  link = session.link
})
afterEach(() => session.host.stop())

const idOf = ({ payload }: Received): number =>
  (JSON.parse(Buffer.from(payload).toString()) as { id: number }).id

const isAnswered = (link: LinkClient, count: number) => (): boolean =>
  link.inbox.filter((frame) => frame.type === FRAME.message).length >= count

const request = (id: number, params = {}): object => ({ jsonrpc: '2.0', id, method: 'm', params })

describe('a connection that is cut and dialled again by the same object', () => {
  test('loses nothing and repeats nothing, with frames on their way both ways', async () => {
    await session.open(1, launchOf('echo'))
    const total = 600
    let id = 0
    for (let round = 0; round < 6; round += 1) {
      for (let n = 0; n < 50; n += 1) link.message(1, request((id += 1)))
      await link.until(isAnswered(link, id - 40))
      link.cut()
      for (let n = 0; n < 50; n += 1) link.message(1, request((id += 1)))
      expect(await link.connect()).toMatchObject({ resumed: true })
    }
    await link.until(isAnswered(link, total))

    expect(link.inbox.map(idOf)).toEqual(Array.from({ length: total }, (_, n) => n + 1))
  })

  test('goes on in the middle of a large message', async () => {
    await session.open(1, launchOf('huge-line'))
    link.message(1, request(1, { bytes: 20e6 }))
    await link.untilPieces(3)
    link.cut()
    await link.connect()

    const answer = (await link.takeMessage(1)) as { result: { text: string } }

    expect(answer.result.text).toHaveLength(20e6)
  })

  test('gets what happened in the meantime', async () => {
    const { pid } = await session.open(1, launchOf('echo'))
    link.cut()
    await link.untilClosed()
    process.kill(pid, 'SIGKILL')
    const { channels } = await link.connect()

    expect(channels).toMatchObject([{ channel: 1, key: 'session:1', server: 'echo' }])
    expect(await link.takeMeta(FRAME.exit, 1)).toMatchObject({ signal: 'SIGKILL' })
  })
})

describe('a new object', () => {
  test('adopts the channels and gets what the former one did not acknowledge', async () => {
    await session.open(1, launchOf('echo'))
    link.isSilent = true
    link.message(1, request(1))
    link.message(1, request(2))
    await link.until(isAnswered(link, 2))
    link.cut()

    const heir = new LinkClient({ port: session.host.port, name: CELL })
    const { resumed, channels } = await heir.connect()

    expect(resumed).toBe(false)
    expect(channels).toEqual([
      {
        ...{ channel: 1, key: 'session:1', server: 'echo', digest: launchOf('echo').digest },
        hasAnswered: true,
      },
    ])
    const replayed = [await heir.take(FRAME.message, 1), await heir.take(FRAME.message, 1)]
    expect(replayed.map(idOf)).toEqual([1, 2])
    expect(replayed.every((frame) => (frame.flags & FLAG.replayed) !== 0)).toBe(true)
    heir.message(1, request(3))
    const fresh = await heir.take(FRAME.message, 1)
    expect([idOf(fresh), fresh.flags & FLAG.replayed]).toEqual([3, 0])
  })

  test('gets a large message whole of which the former one acknowledged a part', async () => {
    await session.open(1, launchOf('huge-line'))
    link.message(1, request(1, { bytes: 12e6 }))
    await link.untilPieces(3)
    link.cut()

    const heir = new LinkClient({ port: session.host.port, name: CELL })
    await heir.connect()

    const answer = (await heir.takeMessage(1)) as { result: { text: string } }
    expect(answer.result.text).toHaveLength(12e6)
  })

  test('is told of a channel that ended unseen, and that it ended', async () => {
    const { pid } = await session.open(1, launchOf('echo'))
    link.cut()
    await link.untilClosed()
    process.kill(pid, 'SIGKILL')
    await waitUntil(() => childrenOf(session.host.pid, 'servers/').length === 0, 'it runs on')

    const heir = new LinkClient({ port: session.host.port, name: CELL })
    const { channels } = await heir.connect()

    expect(channels).toMatchObject([{ channel: 1 }])
    expect(await heir.takeMeta(FRAME.exit, 1)).toMatchObject({ reason: 'crashed' })
  })

  test('does not get what its predecessor had sent in part', async () => {
    await session.open(1, launchOf('echo'))
    link.send({ type: FRAME.message, channel: 1, flags: FLAG.more, payload: Buffer.from('{"jso') })
    link.cut()

    const heir = new LinkClient({ port: session.host.port, name: CELL })
    await heir.connect()
    heir.message(1, request(1))

    expect(await heir.takeMessage(1)).toMatchObject({ id: 1 })
  })

  test('takes the place of one that is still connected', async () => {
    await session.open(1, launchOf('echo'))

    const heir = new LinkClient({ port: session.host.port, name: CELL })
    await heir.connect()
    await link.untilClosed()

    expect(link.closeReason).toBe('replaced')
    heir.message(1, request(1))
    expect(await heir.takeMessage(1)).toMatchObject({ id: 1 })
  })
})

test('an object that stands still stops the processes, not the memory', async () => {
  await session.open(1, launchOf('huge-line', { maxProcesses: 2 }))
  link.isSilent = true
  for (let id = 1; id <= 30; id += 1) link.message(1, request(id, { bytes: 2e6 }))
  await link.untilPieces(2)
  await expect(link.until(isAnswered(link, 1), 1_000)).rejects.toThrow('nothing came')

  link.isSilent = false
  link.acknowledge()
  await link.until(isAnswered(link, 30))

  expect(link.inbox.map(idOf)).toEqual(Array.from({ length: 30 }, (_, n) => n + 1))
})

test('too much of many channels stops every process, until half is acknowledged', async () => {
  await session.open(1, launchOf('huge-line'), launchOf('echo'))
  for (const channel of [2, 3, 4, 5]) {
    link.open(channel, channel === 5 ? 'echo' : 'huge-line')
    await link.take(FRAME.opened, channel)
  }
  link.isSilent = true
  for (const channel of [1, 2, 3, 4]) link.message(channel, request(channel, { bytes: 20e6 }))
  await link.untilPieces(8)
  link.message(5, request(5))
  await expect(link.until(isAnswered(link, 1), 1_000)).rejects.toThrow('nothing came')

  link.isSilent = false
  link.acknowledge()
  await link.until(isAnswered(link, 5))

  expect(link.inbox.map(idOf)).toEqual(expect.arrayContaining([1, 2, 3, 4, 5]))
})

test('without a connection for too long the processes end, and the next one begins anew', async () => {
  const before = link.welcome
  await session.open(1, launchOf('echo', { warm: 1 }))

  link.cut()
  await waitUntil(() => childrenOf(session.host.pid, 'servers/').length === 0, 'they run on')

  await waitUntil(async () => {
    const heir = new LinkClient({ port: session.host.port, name: CELL })
    const { instance, channels } = await heir.connect()
    heir.cut()
    return instance !== before?.instance && channels.length === 0
  }, 'the cell is still the same')
})
