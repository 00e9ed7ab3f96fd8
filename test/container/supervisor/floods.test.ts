/** A process that writes lines without a pause costs its own tenant's time, and nobody else's. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { latenciesOf, percentile } from '#test/support/latencies.ts'
import { launchOf } from '#test/support/host-program.ts'
import { LinkClient } from '#test/support/link-client.ts'
import { startLinkSession } from '#test/support/link-session.ts'
import type { LinkSession } from '#test/support/link-session.ts'
import { childrenOf, waitUntil } from '#test/support/processes.ts'
import { FRAME } from '#protocol/link/frame.ts'
import type { ExitMeta, ProcessLaunch } from '#protocol/link.ts'

const CALLS = 100
/** The best of so many rounds counts: other programs use this machine, too. */
const ROUNDS = 3
/** Another tenant's calls take this many times as long at most. */
const MOST_TIMES = 5
/** On a machine that is busy with other things a call alone may take as long. Milliseconds. */
const LEAST_ALONE_MS = 10

let session: LinkSession
beforeEach(async () => void (session = await startLinkSession()))
afterEach(() => session.host.stop())

const shell = (script: string, changes: Partial<ProcessLaunch> = {}): ProcessLaunch =>
  launchOf('echo', { name: 'noisy', command: '/bin/sh', args: ['-c', script], ...changes })

async function connectNoisy(): Promise<LinkClient> {
  const noisy = new LinkClient({ port: session.host.port, name: 'v1:noisy:main' })
  await noisy.connect()
  return noisy
}

async function p99(): Promise<number> {
  const rounds: number[] = []
  for (let round = 0; round < ROUNDS; round += 1) {
    rounds.push(percentile(await latenciesOf((id) => session.call(1, id), CALLS), 0.99))
  }
  return Math.min(...rounds)
}

const FLOODS = [
  ['two-byte lines on standard output', 'exec yes'],
  ['lines that begin as messages do', `exec yes '{'`],
  ['empty lines', `exec yes ''`],
  ['two-byte lines on standard error', 'exec yes >&2'],
  ['a line without an end on both', 'cat /dev/zero >&2 & exec cat /dev/zero'],
] as const

describe.each(FLOODS)('a spare that writes %s', (_, script) => {
  test('leaves the calls of another tenant as quick as they were', async () => {
    await session.open(1, launchOf('echo'))
    const alone = Math.max(LEAST_ALONE_MS, await p99())

    const noisy = await connectNoisy()
    noisy.configure([shell(script, { warm: 2 })])
    const writer = script.includes('yes') ? 'yes' : 'zero'
    await waitUntil(() => childrenOf(session.host.pid, writer).length === 2, 'they do not write')

    expect(await p99()).toBeLessThan(MOST_TIMES * alone)
  })
})

test('messages without a pause leave the calls of another tenant as quick as they were', async () => {
  await session.open(1, launchOf('echo'))
  const alone = Math.max(LEAST_ALONE_MS, await p99())

  const noisy = await connectNoisy()
  noisy.configure([shell(`exec yes '{"jsonrpc":"2.0","method":"a"}'`)])
  noisy.open(1, 'noisy')
  await noisy.take(FRAME.message, 1)

  expect(await p99()).toBeLessThan(MOST_TIMES * alone)
})

test('a tenant that starts many processes waits for itself, and another one for one start', async () => {
  const many = 24
  const noisy = await connectNoisy()
  noisy.configure([launchOf('starts-slowly', { maxProcesses: many })])
  const hasOpened = (): number => noisy.inbox.filter(({ type }) => type === FRAME.opened).length
  for (let n = 1; n <= many; n += 1) noisy.open(n, 'starts-slowly')
  await noisy.until(() => hasOpened() > 0)

  await session.open(1, launchOf('echo'))

  expect(hasOpened()).toBeLessThan(many / 2)
  await noisy.until(() => hasOpened() === many, 60_000)
})

describe('an answer behind more strays than are read at once', () => {
  const strays = 1_000

  test('comes, and after it the next one', async () => {
    await session.open(1, launchOf('writes-strays'))

    expect(await session.call(1, 1, { strays })).toMatchObject({ id: 1 })
    expect(await session.call(1, 2)).toMatchObject({ id: 2 })
  })

  test('comes from a process that ends with it', async () => {
    await session.open(1, launchOf('writes-strays'))

    expect(await session.call(1, 1, { strays, exit: true })).toMatchObject({ id: 1 })
    expect(await session.link.takeMeta<ExitMeta>(FRAME.exit, 1)).toMatchObject({ exitCode: 0 })
  })
})
