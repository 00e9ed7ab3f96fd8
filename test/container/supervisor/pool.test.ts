import { afterEach, beforeEach, expect, test } from 'vitest'
import { launchOf } from '#test/support/host-program.ts'
import { startLinkSession } from '#test/support/link-session.ts'
import type { LinkSession } from '#test/support/link-session.ts'
import { childrenOf, waitUntil, waitUntilGone } from '#test/support/processes.ts'
import { FRAME } from '#protocol/link/frame.ts'
import type { ProcessLaunch } from '#protocol/link.ts'

let session: LinkSession
beforeEach(async () => void (session = await startLinkSession()))
afterEach(() => session.host.stop())

/** Waits until exactly so many servers run, and returns their pids. */
async function waitForServers(count: number): Promise<number[]> {
  const servers = (): number[] => childrenOf(session.host.pid, 'servers/')
  await waitUntil(() => servers().length === count, `not ${count} but ${servers().length} servers`)
  return servers()
}

const spare = (changes: Partial<ProcessLaunch> = {}): ProcessLaunch =>
  launchOf('echo', { warm: 1, ...changes })

test('a spare is started before anyone asks, and taken', async () => {
  session.link.configure([spare()])
  const [pid] = await waitForServers(1)

  expect(await session.open(1, spare())).toEqual({ pid, warm: true })
  expect(await session.call(1, 1, { n: 1 })).toMatchObject({ result: { n: 1 } })
})

test('the pool is refilled after one is taken', async () => {
  session.link.configure([spare()])
  await waitForServers(1)
  await session.open(1, spare())
  await waitForServers(2)

  expect(await session.open(2, spare())).toMatchObject({ warm: true })
})

test('a spare that dies is replaced', async () => {
  session.link.configure([spare()])
  const [first = 0] = await waitForServers(1)

  process.kill(first, 'SIGKILL')
  await waitUntilGone(first)

  const [second] = await waitForServers(1)
  expect(second).not.toBe(first)
})

test('a changed launch ends its stale spares and keeps what is in use', async () => {
  const { pid } = await session.open(1, spare())
  await waitForServers(2)

  session.link.configure([spare({ warm: 0, env: { CHANGED: '1' } })])

  expect(await waitForServers(1)).toEqual([pid])
  expect(await session.call(1, 1)).toMatchObject({ id: 1 })
})

test('other settings of a launch, and other launches, touch neither its spares nor what is in use', async () => {
  const { pid } = await session.open(1, spare())
  const before = await waitForServers(2)
  const changed = spare({ maxProcesses: 9, idleTimeoutMs: 50_000, maxLifetimeMs: 60_000 })

  const other = await session.open(2, launchOf('counts-calls', { warm: 0 }), changed)
  session.link.configure([changed])
  session.link.close(2)
  await waitUntilGone(other.pid)

  expect(new Set(await waitForServers(2))).toEqual(new Set(before))
  expect(before).toContain(pid)
  expect(await session.call(1, 1)).toMatchObject({ id: 1 })
})

test('a launch that is gone ends its spares', async () => {
  session.link.configure([spare()])
  await waitForServers(1)

  session.link.configure([])

  await waitForServers(0)
})

test('200 opens and closes leave no process behind', { timeout: 120_000 }, async () => {
  session.link.configure([spare({ maxProcesses: 32 })])
  await waitForServers(1)

  let next = 0
  const churn = async (): Promise<void> => {
    for (let channel = (next += 1); channel <= 200; channel = next += 1) {
      session.link.open(channel, 'echo')
      if (channel % 2 === 0) await session.link.take(FRAME.opened, channel)
      session.link.close(channel)
      await session.link.take(FRAME.exit, channel)
    }
  }
  await Promise.all(Array.from({ length: 8 }, churn))

  await waitForServers(1)
})
