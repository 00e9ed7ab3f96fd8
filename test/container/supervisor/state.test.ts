import { describe, expect, test } from 'vitest'
import { DEFAULT_CRASH_POLICY } from '#container/supervisor/crash-loop.ts'
import { INITIAL, next } from '#container/supervisor/state.ts'
import type { Effect, LaunchState, Policy, SupervisorEvent } from '#container/supervisor/slots.ts'

const POLICY: Policy = {
  ...DEFAULT_CRASH_POLICY,
  warm: 0,
  refillDelayMs: 0,
  maxProcesses: 4,
  room: 100,
  jitter: 0.5,
}

/** A launch with a clock of its own. */
function createLaunch(changes: Partial<Policy> = {}) {
  const policy = { ...POLICY, ...changes }
  let state: LaunchState = INITIAL
  let now = 0
  return {
    policy,
    wait: (ms: number) => (now += ms),
    send(event: SupervisorEvent): Effect[] {
      const step = next(state, event, now, policy)
      state = step.state
      return step.effects
    },
    slots: () => [...state.slots.values()],
  }
}

const crash = (slot: number): SupervisorEvent => ({
  type: 'exited',
  slot,
  exitCode: 1,
  signal: null,
})

/** Opens a channel whose process ends at once; returns what the open came to. */
function openAndCrash(launch: ReturnType<typeof createLaunch>, channel: number): Effect[] {
  const effects = launch.send({ type: 'open', channel })
  const start = effects.find((effect) => effect.do === 'start')
  if (start?.do !== 'start') return effects
  launch.send({ type: 'started', slot: start.slot })
  return launch.send(crash(start.slot))
}

describe('a channel', () => {
  test('gets a process that is started for it', () => {
    const launch = createLaunch()

    expect(launch.send({ type: 'open', channel: 1 })).toEqual([{ do: 'start', slot: 1 }])
    expect(launch.send({ type: 'started', slot: 1 })).toEqual([
      { do: 'opened', channel: 1, slot: 1, warm: false },
    ])
  })

  test('waits for the processes of the launch that its own took the place of', () => {
    const launch = createLaunch({ maxProcesses: 1, warm: 1 })
    launch.policy.former = 1
    expect(launch.send({ type: 'wake' })).toEqual([])
    expect(launch.send({ type: 'open', channel: 1 })).toEqual([])

    launch.policy.former = 0
    expect(launch.send({ type: 'wake' })).toEqual([{ do: 'start', slot: 1 }])
  })

  test('gets a spare at once, and the pool is refilled', () => {
    const launch = createLaunch({ warm: 1 })
    launch.send({ type: 'wake' })
    launch.send({ type: 'started', slot: 1 })

    expect(launch.send({ type: 'open', channel: 1 })).toEqual([
      { do: 'opened', channel: 1, slot: 1, warm: true },
      { do: 'start', slot: 2 },
    ])
  })

  test('that took a spare has the processor before the next spare is started', () => {
    const launch = createLaunch({ warm: 1, refillDelayMs: 100 })
    expect(launch.send({ type: 'wake' })).toEqual([{ do: 'start', slot: 1 }])
    launch.send({ type: 'started', slot: 1 })

    expect(launch.send({ type: 'open', channel: 1 })).toEqual([
      { do: 'opened', channel: 1, slot: 1, warm: true },
      { do: 'wake', at: 100 },
    ])
    launch.wait(100)
    expect(launch.send({ type: 'wake' })).toEqual([{ do: 'start', slot: 2 }])
  })

  test('over the limit gets the place of the process that has been idle longest', () => {
    const launch = createLaunch({ maxProcesses: 1 })
    launch.send({ type: 'open', channel: 1 })
    launch.send({ type: 'started', slot: 1 })

    expect(launch.send({ type: 'open', channel: 2, idlest: 1 })).toEqual([
      { do: 'end', slot: 1, reason: 'idle' },
    ])
    expect(launch.send(crash(1))).toEqual([
      { do: 'exited', channel: 1, exitCode: 1, signal: null, reason: 'idle' },
      { do: 'start', slot: 2 },
    ])
    expect(launch.send({ type: 'started', slot: 2 })).toEqual([
      { do: 'opened', channel: 2, slot: 2, warm: false },
    ])
  })

  test('gets a spare that is still starting', () => {
    const launch = createLaunch({ warm: 1, maxProcesses: 1 })
    launch.send({ type: 'wake' })

    expect(launch.send({ type: 'open', channel: 1 })).toEqual([])
    expect(launch.send({ type: 'started', slot: 1 })).toEqual([
      { do: 'opened', channel: 1, slot: 1, warm: false },
    ])
  })

  test('that is closed before it is opened gets its exit, and the process is not kept', () => {
    const launch = createLaunch()
    launch.send({ type: 'open', channel: 1 })

    expect(launch.send({ type: 'close', channel: 1 })).toEqual([
      { do: 'exited', channel: 1, exitCode: null, signal: null, reason: 'closed' },
      { do: 'end', slot: 1, reason: 'closed' },
    ])
    expect(launch.send({ type: 'started', slot: 1 })).toEqual([])
  })

  test('over the limit is refused, and waits when a process is just ending', () => {
    const launch = createLaunch({ maxProcesses: 1 })
    launch.send({ type: 'open', channel: 1 })
    launch.send({ type: 'started', slot: 1 })

    expect(launch.send({ type: 'open', channel: 2 })).toEqual([
      { do: 'refused', channel: 2, code: 'server_busy' },
    ])
    launch.send({ type: 'close', channel: 1 })
    expect(launch.send({ type: 'open', channel: 3 })).toEqual([])
    expect(launch.send({ type: 'open', channel: 4 })).toEqual([
      { do: 'refused', channel: 4, code: 'server_busy' },
    ])
    expect(launch.send(crash(1))).toEqual([
      { do: 'exited', channel: 1, exitCode: 1, signal: null, reason: 'closed' },
      { do: 'start', slot: 2 },
    ])
  })
})

describe('a crash loop', () => {
  test('is refused with the time to wait, and tried again after that', () => {
    const launch = createLaunch()
    for (let channel = 1; channel <= 5; channel += 1) openAndCrash(launch, channel)

    expect(openAndCrash(launch, 6)).toEqual([
      {
        do: 'refused',
        channel: 6,
        code: 'server_crash_loop',
        detail: 'the process exited with code 1',
        retryAfterMs: 4_000,
      },
    ])
    launch.wait(4_000)
    expect(launch.send({ type: 'open', channel: 7 })).toEqual([{ do: 'start', slot: 6 }])
  })

  test('tells why a remote session ended, where that is known', () => {
    const launch = createLaunch()
    const detail = 'the remote server closed the WebSocket'
    for (let channel = 1; channel <= 5; channel += 1) {
      launch.send({ type: 'open', channel })
      launch.send({ type: 'started', slot: channel })
      const exit = { exitCode: null, signal: null, why: { detail }, common: { detail } }
      expect(launch.send({ type: 'exited', slot: channel, ...exit })).toContainEqual({
        ...{ do: 'exited', channel, reason: 'crashed', exitCode: null, signal: null, detail },
      })
    }

    expect(launch.send({ type: 'open', channel: 6 })).toEqual([
      expect.objectContaining({ do: 'refused', code: 'server_crash_loop', detail }),
    ])
  })

  test('is forgiven when a process has been stable', () => {
    const launch = createLaunch()
    for (let channel = 1; channel <= 5; channel += 1) openAndCrash(launch, channel)
    launch.wait(4_000)
    launch.send({ type: 'open', channel: 7 })
    launch.send({ type: 'started', slot: 6 })
    launch.wait(10_000)
    launch.send(crash(6))

    expect(launch.send({ type: 'open', channel: 8 })).toEqual([{ do: 'start', slot: 7 }])
    launch.send({ type: 'started', slot: 7 })
    launch.send(crash(7))
    expect(launch.send({ type: 'open', channel: 9 })).toEqual([{ do: 'start', slot: 8 }])
  })

  test('is none when long-lived processes are killed', () => {
    const launch = createLaunch()
    for (let channel = 1; channel <= 20; channel += 1) {
      expect(launch.send({ type: 'open', channel })).toEqual([{ do: 'start', slot: channel }])
      launch.send({ type: 'started', slot: channel })
      launch.wait(10_000)
      launch.send({ type: 'exited', slot: channel, exitCode: null, signal: 'SIGKILL' })
    }
  })

  test('is none when young processes die that have served, and a spare is started at once', () => {
    const launch = createLaunch({ warm: 1 })
    launch.send({ type: 'wake' })
    for (let slot = 1; slot <= 20; slot += 1) {
      launch.send({ type: 'started', slot })
      launch.send({ type: 'open', channel: slot })
      launch.send({ type: 'served', slot })

      expect(launch.send(crash(slot))).toMatchObject([{ do: 'exited', reason: 'crashed' }])
      expect(launch.slots()).toMatchObject([{ phase: 'starting' }])
    }
  })

  test('is over when a process serves', () => {
    const launch = createLaunch()
    for (let channel = 1; channel <= 5; channel += 1) openAndCrash(launch, channel)
    launch.wait(4_000)
    launch.send({ type: 'open', channel: 7 })
    launch.send({ type: 'started', slot: 6 })
    launch.send({ type: 'served', slot: 6 })
    launch.send(crash(6))

    expect(launch.send({ type: 'open', channel: 8 })).toEqual([{ do: 'start', slot: 7 }])
  })

  test('of starts that fail tells why', () => {
    const launch = createLaunch()
    for (let slot = 1; slot <= 5; slot += 1) {
      launch.send({ type: 'open', channel: slot })
      const detail = 'command not found: x'
      expect(launch.send({ type: 'start-failed', slot, why: { detail } })).toEqual([
        { do: 'refused', channel: slot, code: 'server_start_failed', detail },
      ])
    }
    expect(launch.send({ type: 'open', channel: 9 })[0]).toMatchObject({
      code: 'server_start_failed',
      detail: 'command not found: x',
    })
  })

  test('of spares backs off up to the longest wait', () => {
    const launch = createLaunch({ warm: 1, jitter: 1 })
    const waits: number[] = []
    launch.send({ type: 'wake' })
    for (let slot = 1, now = 0; slot <= 9; slot += 1) {
      launch.send({ type: 'started', slot })
      const wake = launch.send(crash(slot)).find((effect) => effect.do === 'wake')
      if (wake?.do !== 'wake') throw new Error('no wake')
      waits.push(wake.at - now)
      launch.wait(wake.at - now)
      now = wake.at
      expect(launch.send({ type: 'wake' })).toEqual([{ do: 'start', slot: slot + 1 }])
    }

    expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000])
  })
})

test('a retired launch ends its spares and keeps its channels', () => {
  const launch = createLaunch({ warm: 1 })
  launch.send({ type: 'open', channel: 1 })
  launch.send({ type: 'started', slot: 1 })
  launch.send({ type: 'started', slot: 2 })

  expect(launch.send({ type: 'retire' })).toEqual([{ do: 'end', slot: 2, reason: 'closed' }])
  expect(launch.slots().map((slot) => slot.phase)).toEqual(['leased', 'ending'])
})

test('a shutdown refuses what is not open, and ends the rest', () => {
  const launch = createLaunch()
  launch.send({ type: 'open', channel: 1 })
  launch.send({ type: 'started', slot: 1 })
  launch.send({ type: 'open', channel: 2 })

  expect(launch.send({ type: 'shutdown' })).toEqual([
    { do: 'end', slot: 1, reason: 'shutdown' },
    { do: 'refused', channel: 2, code: 'shutting_down' },
    { do: 'end', slot: 2, reason: 'shutdown' },
  ])
})
