/** One process writes more than the object takes: its channel waits, the others do not, and nothing is lost. */
import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { launchOf } from '#test/support/host-program.ts'
import { LinkClient } from '#test/support/link-client.ts'
import type { Received } from '#test/support/link-client.ts'
import { CELL, startLinkSession } from '#test/support/link-session.ts'
import type { LinkSession } from '#test/support/link-session.ts'
import { waitUntil } from '#test/support/processes.ts'
import { FRAME } from '#protocol/link/frame.ts'

const FLOODING = 1
const CALM = 2
const MESSAGE_BYTES = 16 * 1024
/** 33 MiB of messages. */
const COUNT = 2_000
/** A window, what may wait, and what is in pipes and half read: far less than the flood. */
const QUIET_LOOKS = 20
const MOST_WRITTEN_BYTES = 4 * 1024 * 1024

let session: LinkSession
let link: LinkClient
let pid: number
beforeEach(async () => {
  session = await startLinkSession()
  link = session.link
  const launches = [launchOf('floods-client'), launchOf('echo')] as const
  pid = (await session.open(FLOODING, ...launches)).pid
  link.open(CALM, 'echo')
  await link.take(FRAME.opened, CALM)
})
afterEach(() => session.host.stop())

const writtenBytes = (): number =>
  Number(/wchar: (\d+)/.exec(readFileSync(`/proc/${pid}/io`, 'utf8'))?.[1])

const isOfFlood = ({ type, channel }: Received): boolean =>
  type === FRAME.message && channel === FLOODING

/** The flood's notifications by their numbers, in the order in which they came. */
function numbersIn({ inbox }: LinkClient): number[] {
  return inbox.filter(isOfFlood).flatMap(({ payload }) => {
    const { params } = JSON.parse(Buffer.from(payload).toString()) as { params?: { n: number } }
    return params === undefined ? [] : [params.n]
  })
}

function startFlood(): void {
  const params = { name: 'flood', arguments: { count: COUNT } }
  link.message(FLOODING, { jsonrpc: '2.0', id: 'flood', method: 'tools/call', params })
}

const ALL = Array.from({ length: COUNT }, (_, n) => n + 1)

const hasCome = (client: LinkClient, count: number) => (): boolean =>
  client.inbox.filter(isOfFlood).length >= count

/** The notifications, and the answer to who asked for them. */
const isComplete = (client: LinkClient): (() => boolean) => hasCome(client, COUNT + 1)

/** Resolves when the flooding process has written nothing for a while: it waits for its reader. */
async function untilBlocked(): Promise<void> {
  let before = 0
  let quietLooks = 0
  const isQuiet = (): boolean => {
    const now = writtenBytes()
    quietLooks = now > 0 && now === before ? quietLooks + 1 : 0
    before = now
    return quietLooks === QUIET_LOOKS
  }
  await waitUntil(isQuiet, 'it writes on')
}

async function startBlockedFlood(): Promise<void> {
  link.isSilent = true
  startFlood()
  await untilBlocked()
}

test('a flood that nobody acknowledges stops its process, and no other one’s answers', async () => {
  await startBlockedFlood()

  for (let id = 1; id <= 10; id += 1) {
    expect(await session.call(CALM, id, { id })).toMatchObject({ id, result: { id } })
  }
  expect(writtenBytes()).toBeLessThan(MOST_WRITTEN_BYTES)
  expect(numbersIn(link).length).toBeLessThan(COUNT / 10)
})

test('what waited comes in its order when it is acknowledged', async () => {
  await startBlockedFlood()

  link.isSilent = false
  link.acknowledge()
  await link.until(isComplete(link))

  expect(numbersIn(link)).toEqual(ALL)
})

test('a cut in a flood loses nothing and repeats nothing', async () => {
  startFlood()
  for (let cuts = 1; cuts <= 5; cuts += 1) {
    await link.until(hasCome(link, cuts * 100))
    link.cut()
    expect(await link.connect()).toMatchObject({ resumed: true })
  }
  await link.until(isComplete(link))

  expect(numbersIn(link)).toEqual(ALL)
})

test('a new object goes on with what the former one did not acknowledge', async () => {
  await startBlockedFlood()
  const seen = numbersIn(link).length
  link.cut()

  const heir = new LinkClient({ port: session.host.port, name: CELL })
  await heir.connect()
  await heir.until(isComplete(heir))

  expect(seen).toBeGreaterThan(0)
  expect(numbersIn(heir)).toEqual(ALL)
})

test('the end of a flooding process comes after all that it wrote', async () => {
  await startBlockedFlood()
  const written = writtenBytes()
  process.kill(pid, 'SIGKILL')

  link.isSilent = false
  link.acknowledge()
  await link.take(FRAME.exit, FLOODING)

  const numbers = numbersIn(link)
  expect(numbers).toEqual(ALL.slice(0, numbers.length))
  expect(numbers.length * MESSAGE_BYTES).toBeGreaterThan(written - MESSAGE_BYTES * 5)
})
