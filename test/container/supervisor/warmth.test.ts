/** Which servers have a spare that nobody asked for: by their use, the budget, and what is free. */
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { chooseWarm, Warmth, type Warmable } from '#container/supervisor/warmth.ts'
import { launchOf } from '#test/support/host-program.ts'
import { startLinkSession, type LinkSession } from '#test/support/link-session.ts'
import { childrenOf, waitUntil } from '#test/support/processes.ts'
import type { ExitMeta, ProcessLaunch } from '#protocol/link.ts'
import { FRAME } from '#protocol/link/frame.ts'

const MIB = 1024 * 1024
/** Idle processes are looked for so often. */
const LOOK_MS = 11_000

describe('of the servers that were used', () => {
  const launches = [
    { launch: 'old', bytes: 50, ageMs: 3 },
    { launch: 'new', bytes: 50, ageMs: 1 },
    { launch: 'large', bytes: 90, ageMs: 2 },
  ]

  test.each([
    { budget: 200, warm: ['new', 'large', 'old'] },
    { budget: 150, warm: ['new', 'large'] },
    { budget: 100, warm: ['new', 'old'] },
    { budget: 0, warm: [] },
  ])('a budget of $budget keeps the latest warm that fit', ({ budget, warm }) => {
    const chosen = chooseWarm(launches, budget)

    expect([...chosen].toSorted()).toEqual(warm.toSorted())
  })
})

test('a machine that is short of memory keeps none warm, and begins again when there is enough', () => {
  let availableKiB = 500_000
  const read = (path: string): string | undefined => {
    if (path !== '/proc/meminfo') return undefined
    return `MemTotal: 1000000 kB\nMemAvailable: ${availableKiB} kB\n`
  }
  const warmth = new Warmth({ budgetBytes: 100 * MIB, read })
  const launch: Warmable = {
    usedAt: 0,
    unownedPids: () => [],
    settle: () => undefined,
    rest: () => undefined,
  }
  warmth.add(launch)
  const allowsAt = (kiB: number): boolean => {
    availableKiB = kiB
    warmth.choose()
    return warmth.allows(launch)
  }

  expect([500_000, 99_000, 120_000, 160_000].map(allowsAt)).toEqual([true, false, false, true])
  warmth.delete(launch)
})

describe('a launch that adapts', () => {
  let session: LinkSession
  afterEach(() => session.host.stop())

  const adaptive = (changes: Partial<ProcessLaunch> = {}): ProcessLaunch =>
    launchOf('echo', { warm: 1, isAdaptive: true, ...changes })
  const running = (): number => childrenOf(session.host.pid, 'servers/').length
  const waitFor = (count: number): Promise<void> =>
    waitUntil(() => running() === count, `not ${count} but ${running()} servers`)
  const states = (): string[] => session.link.launches.map(({ state }) => state)

  test('has no process before it is used, and a spare from then on', async () => {
    session = await startLinkSession()
    session.link.configure([adaptive()])
    await session.link.until(() => states().includes('resting'))
    expect(running()).toBe(0)

    session.link.open(1, 'echo', 'session:1', 'anna')

    await waitFor(2)
    const settled = { server: 'echo', state: 'up', processes: 2, spares: 1 }
    const isSettled = (): boolean =>
      JSON.stringify(session.link.launches.at(-1)) === JSON.stringify(settled)
    await session.link.until(isSettled)
    session.link.close(1)
    await waitFor(1)
  })

  test('has none for what Hearth itself asks', async () => {
    session = await startLinkSession()
    session.link.configure([adaptive()])
    session.link.open(1, 'echo', 'probe:1')
    await waitFor(1)

    session.link.close(1)

    await waitFor(0)
    await session.link.until(() => session.link.launches.at(-1)?.state === 'resting')
  })

  test('keeps no process for long in which Hearth asked something, unless it may be warm', async () => {
    session = await startLinkSession()
    const [used, unused] = [adaptive({ name: 'used', usedMsAgo: 1 }), adaptive({ name: 'unused' })]
    session.link.configure([used, unused])
    session.link.open(1, 'used', 'probe:1')
    session.link.open(2, 'unused', 'probe:2')
    await waitFor(3)

    await waitUntil(() => running() === 2, 'all processes stay', 2 * LOOK_MS)

    const exit = await session.link.takeMeta<ExitMeta>(FRAME.exit, 2)
    expect(exit.reason).toBe('idle')
    await delay(LOOK_MS)
    expect(running()).toBe(2)
  }, 60_000)

  test('that was used before the host program started has its spare at once', async () => {
    session = await startLinkSession()
    const names = ['used', 'unused'] as const
    session.link.configure([
      adaptive({ name: names[0], usedMsAgo: 60_000 }),
      adaptive({ name: names[1] }),
    ])

    await session.link.until(() => session.link.launches.some(({ spares }) => spares > 0))
    expect(session.link.launches.find(({ spares }) => spares > 0)?.server).toBe('used')
    expect(running()).toBe(1)
  })

  test('gives its spare up to one that is used later, where the budget is for one', async () => {
    session = await startLinkSession({ HEARTH_WARM_MIB: '100' })
    const [first, second] = [adaptive({ name: 'first' }), adaptive({ name: 'second' })]
    session.link.configure([{ ...first, usedMsAgo: 60_000 }, second])
    await waitFor(1)

    session.link.open(1, 'second', 'session:1', 'anna')

    const sparesOf = (name: string): number | undefined =>
      session.link.launches.findLast(({ server }) => server === name)?.spares
    await session.link.until(() => sparesOf('first') === 0 && sparesOf('second') === 1)
  })

  test('has none with a budget of nothing', async () => {
    session = await startLinkSession({ HEARTH_WARM_MIB: '0' })
    session.link.configure([adaptive({ usedMsAgo: 1 })])
    await session.open(1, adaptive({ usedMsAgo: 1 }))
    session.link.close(1)

    await session.link.until(() => session.link.launches.at(-1)?.state === 'resting')
  })
})
