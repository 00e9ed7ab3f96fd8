/** The object in workerd, with its real storage. */
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { Answer, Ask } from '#protocol/limiter.ts'
import { startWorker, type RunningWorker } from '#test/worker/start-worker.ts'

const ENTRY = fileURLToPath(new URL('fixtures/limiter-worker.mjs', import.meta.url))
const MAX_COUNTERS = 10_000
const HOUR_MS = 3_600_000

let worker: RunningWorker
beforeAll(async () => {
  worker = await startWorker(ENTRY)
}, 30_000)
afterAll(() => worker.stop())

async function call<T>(name: string, method: string, ...args: unknown[]): Promise<T> {
  const url = new URL(`/limiter?name=${name}&method=${method}`, worker.url)
  const response = await fetch(url, { method: 'POST', body: JSON.stringify(args) })
  if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`)
  return (await response.json()) as T
}

const take = (name: string, ...asks: Ask[]) => call<Answer>(name, 'take', asks)
const rowsOf = (name: string) =>
  call<{ limit_key: string; subject: string; fresh_at: number }[]>(name, 'rows')

function ask(subject: string, changes: Partial<Ask> = {}): Ask {
  return {
    ...{ limit: '/hourly:principal:sliding-window:3600000', subject, cost: 1, want: 1 },
    spec: { algorithm: 'sliding-window', limit: 2, windowMs: HOUR_MS },
    ...changes,
  }
}

test('what is counted survives the object, and the whole runtime', async () => {
  const name = 'v1:acme:0'
  expect(await take(name, ask('ann', { want: 2 }))).toMatchObject({ grants: [{ granted: 2 }] })
  await expect(call(name, 'reset')).rejects.toThrow('500')
  expect(await take(name, ask('ann'))).toMatchObject({ refusals: [{ index: 0 }] })
  await worker.restart()

  expect(await take(name, ask('ann'))).toMatchObject({ refusals: [{ index: 0 }] })
})

test('of many asks at once exactly so many are admitted', async () => {
  const spec = { algorithm: 'sliding-window', limit: 50, windowMs: HOUR_MS } as const
  const asks = Array.from({ length: 200 }, () => take('v1:acme:many', ask('all', { spec })))
  const answers = await Promise.all(asks)

  expect(answers.filter(({ admitted }) => admitted)).toHaveLength(50)
})

test('a refusal stores nothing', async () => {
  const name = 'v1:acme:refusal'
  const answer = await take(name, ask('ann'), ask('bob', { limit: 'b', cost: 3, want: 3 }))

  // JSON has no Infinity.
  expect(answer).toEqual({ admitted: false, refusals: [{ index: 1, retryAfterMs: null }] })
  expect(await rowsOf(name)).toEqual([])
  expect(await call(name, 'alarmTime')).toBeNull()
})

test('an object is not another one', async () => {
  await take('v1:one:0', ask('ann', { want: 2 }))

  expect(await take('v1:two:0', ask('ann'))).toMatchObject({ admitted: true })
})

const short = (subject: string, limit = 'short') =>
  ask(subject, { limit, spec: { algorithm: 'token-bucket', limit: 10, windowMs: 100, burst: 1 } })

describe('rows that are as good as none', () => {
  test('are deleted by the alarm, which stays while there are others', async () => {
    const name = 'v1:acme:alarm'
    const before = Date.now()
    await take(name, short('ann'))
    await take(name, ask('bob'))
    const first = await call<number>(name, 'alarmTime')
    expect(first - before).toBeGreaterThanOrEqual(60_000)
    expect(first - before).toBeLessThan(80_000)
    await vi.waitUntil(async () => {
      await call(name, 'ring')
      return (await rowsOf(name)).length === 1
    })
    const [row] = await rowsOf(name)

    expect(row).toMatchObject({ subject: 'bob' })
    expect(await call(name, 'alarmTime')).toBe(row?.fresh_at)
  })

  test('leave no alarm when they were the last', async () => {
    const name = 'v1:acme:last'
    await take(name, short('ann'))
    await vi.waitUntil(async () => {
      await call(name, 'ring')
      return (await rowsOf(name)).length === 0
    })

    expect(await take(name, short('ann'))).toMatchObject({ admitted: true })
  })
})

test('beyond the bound new subjects share a row: no count is lost, and none is gained', async () => {
  const name = 'v1:acme:full'
  await take(name, ask('first'))
  const crowd = Array.from({ length: MAX_COUNTERS - 2 }, (_, at) =>
    ask(`p${at}`, { limit: 'crowd' }),
  )
  expect(await call(name, 'takeAll', crowd)).toBe(MAX_COUNTERS - 2)
  const brief = { spec: { algorithm: 'sliding-window', limit: 2, windowMs: 400 } as const }
  await take(name, ask('brief', { limit: 'brief', ...brief }))

  // Full: who has a row keeps it, and those without one are counted together.
  expect(await take(name, ask('ann'))).toMatchObject({ admitted: true })
  expect(await take(name, ask('bob'))).toMatchObject({ admitted: true })
  expect(await take(name, ask('carl'))).toMatchObject({ admitted: false })
  expect(await take(name, ask('first'))).toMatchObject({ admitted: true })
  expect(await take(name, ask('first'))).toMatchObject({ admitted: false })
  const rows = await rowsOf(name)
  expect(rows).toHaveLength(MAX_COUNTERS + 1)
  expect(rows.filter(({ subject }) => subject === '*')).toHaveLength(1)

  // A row has come free: who gets it was counted before, together with others.
  await vi.waitUntil(async () => {
    await call(name, 'ring')
    return (await rowsOf(name)).length <= MAX_COUNTERS
  })
  expect(await take(name, ask('ann'))).toMatchObject({ admitted: false })
}, 60_000)
