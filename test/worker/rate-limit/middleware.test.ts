/** The policy as the app has it, over a limiter whose answers and failures are the test's. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Answer, Ask, LimiterStub } from '#protocol/limiter.ts'
import type { Verdict } from '#protocol/tenant.ts'
import type { Deps } from '#worker/context.ts'
import { decide } from '#durable-objects/rate-limiter/decide.ts'
import type { CounterState } from '#durable-objects/rate-limiter/algorithms/by-name.ts'
import { createFakes, post, SECRET, VERDICT, type Fakes } from '../fake-deps.ts'
import { callTool, expectError, inSession, URL_OF_SERVER } from '../requests.ts'
import { Limits } from '#protocol/limits.ts'
import type { LimitInput } from './claims.ts'

const NOW = Date.parse('2026-11-30T10:00:00Z')
beforeEach(
  () => void vi.useFakeTimers({ now: NOW, toFake: ['Date', 'setTimeout', 'clearTimeout'] }),
)
afterEach(() => void vi.useRealTimers())

const rate = (changes: object = {}): LimitInput =>
  ({
    ...{ name: 'calls', per: 'tool', algorithm: 'sliding-window', limit: 2, windowMs: 60_000 },
    ...changes,
  }) as LimitInput

interface Limiter extends LimiterStub {
  asks: { name: string; asks: Ask[] }[]
}

/** The object's own decisions, in memory. */
function createLimiter(): (name: string) => Limiter {
  const states = new Map<string, CounterState>()
  const asked: Limiter['asks'] = []
  return (name) => ({
    asks: asked,
    take(asks) {
      asked.push({ name, asks })
      const keys = asks.map(({ limit, subject }) => `${name} ${limit} ${subject}`)
      const { answer, changes } = decide(
        asks,
        keys.map((key) => states.get(key)),
        Date.now(),
      )
      for (const { index, state } of changes) states.set(keys[index] ?? '', state)
      return Promise.resolve(answer)
    },
  })
}

interface Given {
  limits?: LimitInput[]
  own?: LimitInput[]
  shards?: number
  limiter?: Deps['limiter']
}

/** One isolate; its callers are `token:0`, `token:1`, … by their key id. */
function start({ limits = [], own = [], shards = 1, limiter = createLimiter() }: Given): Fakes {
  const policy = {
    ...VERDICT.policy,
    limits: Limits.parse(limits),
    limiterShards: shards,
    servers: { everything: { requiredScopes: [], limits: Limits.parse(own) } },
  }
  const verdicts = new Map<string, Verdict>()
  const authenticate = (keyId: string): Promise<Verdict> => {
    const principal = `token:${keyId}`
    const known = verdicts.get(keyId) ?? { ...VERDICT, principal, credential: principal, policy }
    verdicts.set(keyId, known)
    return Promise.resolve(known)
  }
  return createFakes({ deps: { limiter }, acme: { authenticate } })
}

const as = (caller: number) => ({
  Authorization: `Bearer hearth_acme_0000000${caller}_${SECRET}`,
})
const send = ({ app }: Fakes, message: object = callTool, headers = as(0)) =>
  app.request(URL_OF_SERVER, post(message, { ...inSession, ...headers }))
const statuses = async (fakes: Fakes, times: number, message?: object, headers = as(0)) => {
  const all: number[] = []
  for (let time = 0; time < times; time++) all.push((await send(fakes, message, headers)).status)
  return all
}

describe('a refusal', () => {
  test('is a 429 that says when to come back, to a program, a model and a proxy', async () => {
    const fakes = start({ limits: [rate()] })
    await statuses(fakes, 2)
    vi.advanceTimersByTime(47_600)
    const response = await send(fakes)

    expect(Object.fromEntries(response.headers)).toMatchObject({
      'retry-after': '13',
      'ratelimit-policy': '"calls";q=2;w=60',
      ratelimit: '"calls";r=0;t=13',
      'cache-control': 'no-store',
    })
    expect(await response.clone().json()).toEqual({
      jsonrpc: '2.0',
      id: 'c1',
      error: {
        code: -32013,
        message:
          'Too many calls: the limit "calls" allows 2 calls each 60 s for this tool; try again in 13 s',
        data: {
          ...{ code: 'rate_limited', retryable: true, retryAfterMs: 12_400 },
          ...{ limit: 'calls', scope: 'tool' },
        },
      },
    })
    await expectError(response, 'rate_limited', 'c1')
  })

  test('ends when it said', async () => {
    const fakes = start({ limits: [rate()] })
    await statuses(fakes, 3)
    vi.advanceTimersByTime(59_999)
    expect(await statuses(fakes, 1)).toEqual([429])
    vi.advanceTimersByTime(1)

    expect(await statuses(fakes, 3)).toEqual([200, 200, 429])
  })

  test('is known until then without asking the object', async () => {
    const limiter = createLimiter()
    const fakes = start({ limits: [rate()], limiter })
    await statuses(fakes, 50)

    expect(limiter('').asks).toHaveLength(3)
  })

  test('does not reach the server, and is logged with its code', async () => {
    const fakes = start({ limits: [rate({ limit: 1 })] })
    await statuses(fakes, 2)

    expect(fakes.forwarded).toHaveLength(1)
    expect(fakes.lines).toMatchObject([
      { outcome: 'rate_limited', record: { method: 'tools/call', target: 'echo' } },
    ])
  })
})

describe('levels', () => {
  const limits = [
    rate({ name: 'tenant', per: 'tenant', limit: 6 }),
    rate({ name: 'caller', per: 'principal', limit: 4 }),
    rate({ name: 'tool', per: 'tool', limit: 5 }),
  ]
  const other = { ...callTool, params: { name: 'other' } }
  const scopeOf = async (response: Response): Promise<unknown> => {
    const { error } = (await response.json()) as { error?: { data: { scope: string } } }
    return error?.data.scope
  }

  test('all count for one call, and the first that is used up refuses it', async () => {
    const fakes = start({ limits })

    expect(await statuses(fakes, 4)).toEqual([200, 200, 200, 200])
    expect(await scopeOf(await send(fakes))).toBe('principal')
    expect(await statuses(fakes, 1, callTool, as(1))).toEqual([200])
    expect(await scopeOf(await send(fakes, callTool, as(1)))).toBe('tool')
    expect(await statuses(fakes, 1, other, as(1))).toEqual([200])
    expect(await scopeOf(await send(fakes, other, as(2)))).toBe('tenant')
  })

  test('what one of them refuses, the others have not counted', async () => {
    const fakes = start({
      limits: limits.map((limit) => ({ ...limit, onFailure: 'closed' }) as LimitInput),
    })
    await statuses(fakes, 40)

    // Four calls of the tenant's six.
    expect(await statuses(fakes, 3, other, as(1))).toEqual([200, 200, 429])
  })

  test("a server's own limit stands in the place of the tenant's", async () => {
    const fakes = start({ limits: [rate()], own: [rate({ limit: 1 })] })

    expect(await statuses(fakes, 2)).toEqual([200, 429])
  })

  test('ping, notifications and GET are never refused', async () => {
    const fakes = start({ limits: [rate({ per: 'tenant', limit: 1 })] })
    await statuses(fakes, 2)
    const get = await fakes.app.request(URL_OF_SERVER, {
      headers: { ...as(0), ...inSession, Accept: 'text/event-stream' },
    })

    expect(await statuses(fakes, 1, { jsonrpc: '2.0', id: 1, method: 'ping' })).toEqual([200])
    expect(
      await statuses(fakes, 1, { jsonrpc: '2.0', method: 'notifications/roots/list_changed' }),
    ).toEqual([200])
    expect(get.status).toBe(200)
  })

  test('one request asks the object at most once, whatever limits it has', async () => {
    const limiter = createLimiter()
    const fakes = start({ limits, limiter })
    await send(fakes)

    expect(limiter('').asks).toMatchObject([
      {
        name: 'v1:acme:0',
        asks: [{ subject: '' }, { subject: 'token:00000000' }, { subject: 'everything/echo' }],
      },
    ])
  })
})

test('shards together admit no more than the limit, and each principal is counted by one', async () => {
  const limiter = createLimiter()
  const limits = [
    rate({ per: 'tenant', limit: 12 }),
    rate({ name: 'own', per: 'principal', limit: 4 }),
  ]
  const fakes = start({ limits, shards: 4, limiter })
  const admitted: number[] = []
  for (let round = 0; round < 5; round++) {
    for (let caller = 0; caller < 10; caller++) {
      admitted.push(...(await statuses(fakes, 1, callTool, as(caller))))
    }
  }
  const byCaller = Map.groupBy(limiter('').asks, ({ asks }) => asks[1]?.subject)

  expect(new Set(limiter('').asks.map(({ name }) => name)).size).toBe(4)
  for (const asks of byCaller.values()) expect(new Set(asks.map(({ name }) => name)).size).toBe(1)
  expect(admitted.filter((status) => status === 200)).toHaveLength(12)
})

test('a refusal tells nothing of what others have used, nor who they are', async () => {
  const limits = [
    rate({ name: 'shared', per: 'tenant', limit: 7 }),
    rate({
      name: 'quota',
      per: 'tenant',
      algorithm: 'quota',
      limit: 400,
      period: 'day',
      windowMs: undefined,
    }),
    rate({ name: 'mine', per: 'principal', limit: 2 }),
  ].map((limit) => JSON.parse(JSON.stringify(limit)) as LimitInput)
  const alone = start({ limits })
  const crowded = start({ limits })
  await statuses(crowded, 2, callTool, as(1))
  await statuses(crowded, 2, callTool, as(2))

  const bytes = async (fakes: Fakes): Promise<string> => {
    await statuses(fakes, 2)
    const response = await send(fakes)
    const headers = Object.fromEntries(response.headers)
    return JSON.stringify([headers, await response.text()]).replace(
      headers['x-request-id'] ?? '',
      '',
    )
  }

  expect(await bytes(crowded)).toBe(await bytes(alone))
  expect(await bytes(crowded)).not.toMatch(/shared|quota"|token:|acme/)
})

describe('a limiter that cannot be reached', () => {
  const fails = () => ({ take: vi.fn(() => Promise.reject<Answer>(new Error('private'))) })
  const quota: LimitInput = {
    name: 'daily',
    per: 'tenant',
    algorithm: 'quota',
    limit: 5,
    period: 'day',
  }

  test.each([
    { what: 'a rate', limit: rate(), status: 200 },
    { what: 'a rate that is to fail closed', limit: rate({ onFailure: 'closed' }), status: 503 },
    { what: 'a quota', limit: quota, status: 503 },
    {
      what: 'a quota that is to fail open',
      limit: { ...quota, onFailure: 'open' } as LimitInput,
      status: 200,
    },
  ])('$what: $status', async ({ limit, status }) => {
    const fakes = start({ limits: [limit], limiter: fails })

    expect(await statuses(fakes, 2)).toEqual([status, status])
  })

  test('one closed limit refuses, whatever the others say, and names itself', async () => {
    const fakes = start({ limits: [rate(), quota], limiter: fails })
    const response = await send(fakes)
    const text = await response.clone().text()

    await expectError(response, 'limiter_unavailable', 'c1')
    expect(response.headers.get('Retry-After')).toBe('1')
    expect(JSON.parse(text)).toMatchObject({ error: { data: { limit: 'daily', scope: 'tenant' } } })
    expect(text).not.toContain('private')
    expect(fakes.faults).toMatchObject([{ message: 'private' }])
    expect(fakes.lines).toMatchObject([{ outcome: 'limiter_unavailable' }])
  })

  test('is not asked again for a second, so that one that hangs does not hold every call', async () => {
    const limiter = { take: vi.fn(() => new Promise<Answer>(() => undefined)) }
    const fakes = start({ limits: [rate()], limiter: () => limiter })
    const first = send(fakes)
    await vi.advanceTimersByTimeAsync(999)
    expect(await Promise.race([first, 'waiting'])).toBe('waiting')
    await vi.advanceTimersByTimeAsync(1)
    expect((await first).status).toBe(200)
    expect(await statuses(fakes, 5)).toEqual([200, 200, 200, 200, 200])
    expect(limiter.take).toHaveBeenCalledTimes(1)
    await vi.advanceTimersByTimeAsync(1_000)
    const later = send(fakes)
    await vi.advanceTimersByTimeAsync(1_000)

    expect((await later).status).toBe(200)
    expect(limiter.take).toHaveBeenCalledTimes(2)
  })

  test('and that was lost is asked once more, and given back to once', async () => {
    const real = createLimiter()
    let losses = 0
    const seen: Ask[][] = []
    const limiter = (name: string) => ({
      take(asks: Ask[]) {
        seen.push(asks)
        if (losses-- > 0)
          return Promise.reject(Object.assign(new Error('lost'), { retryable: true }))
        return real(name).take(asks)
      },
    })
    const fakes = start({ limits: [{ ...quota, limit: 1_000 }], limiter })
    await statuses(fakes, 8)
    vi.advanceTimersByTime(5_000)
    losses = 1
    seen.length = 0

    expect(await statuses(fakes, 1)).toEqual([200])
    expect(seen.map(([ask]) => ask?.back?.amount)).toEqual([expect.any(Number), undefined])
  })
})

test('a call that is refused because it cannot be counted is charged by no limit', async () => {
  const real = createLimiter()
  let fails = false
  const limiter = (name: string) => ({
    take: (asks: Ask[]) => (fails ? Promise.reject(new Error('out')) : real(name).take(asks)),
  })
  const daily = { name: 'daily', per: 'tenant', algorithm: 'quota', limit: 600, period: 'day' }
  const limits = [daily, rate({ limit: 1_000, onFailure: 'closed' })] as LimitInput[]
  const fakes = start({ limits, limiter })
  const before = await statuses(fakes, 100)
  fails = true
  const during = await statuses(fakes, 20, { ...callTool, params: { name: 'other' } })
  fails = false
  vi.advanceTimersByTime(1_000)
  const after = await statuses(fakes, 600)

  expect(new Set(during)).toEqual(new Set([503]))
  const admitted = [...before, ...after].filter((status) => status === 200)
  expect(admitted).toHaveLength(600)
})

test('concurrency limits travel with the call, and alone ask no object', async () => {
  const limits: LimitInput[] = [
    { name: 'at-once', per: 'principal', algorithm: 'concurrency', limit: 3 },
  ]
  const limiter = createLimiter()
  const fakes = start({ limits, limiter })
  await send(fakes)

  expect(fakes.forwarded[0]?.call.occupancies).toEqual([
    { name: 'at-once', per: 'principal', key: '/at-once:principal:token:00000000', limit: 3 },
  ])
  expect(limiter('').asks).toEqual([])
})

test('what a concurrency limit refuses costs no quota', async () => {
  const limits: LimitInput[] = [
    { name: 'daily', per: 'tenant', algorithm: 'quota', limit: 2, period: 'day' },
    { name: 'at-once', per: 'principal', algorithm: 'concurrency', limit: 1 },
  ]
  const full = () => Promise.resolve(new Response('{}', { status: 429 }))
  const fakes = start({ limits })
  const busy = createFakes({
    answers: [full],
    deps: { limiter: createLimiter() },
    acme: {
      authenticate: () =>
        Promise.resolve({
          ...VERDICT,
          policy: { ...VERDICT.policy, limits: Limits.parse(limits) },
        }),
    },
  })

  expect(await statuses(fakes, 3)).toEqual([200, 200, 429])
  expect(busy.lines).toEqual([])
  expect(await statuses(busy, 5)).toEqual([429, 429, 429, 429, 429])
  expect(busy.forwarded).toHaveLength(5)
})
