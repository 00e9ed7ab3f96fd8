/** What is withdrawn in one isolate ends in the other ones, too, within 30 s of real time. */
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startWorker, type RunningWorker } from '../start-worker.ts'
import { claimsAt, SECRET_VALUE, secretSigner, sign } from './issuing.ts'

const WITHIN_MS = 30_000
/** An answer may be on its way when the time is over. */
const ON_ITS_WAY_MS = 2_000
const ISSUER = { name: 'app', issuer: 'app', algorithms: ['HS256'], keys: { secret: 'SIGNING' } }

let worker: RunningWorker
let token: string

beforeAll(async () => {
  worker = await startWorker(undefined, { isolates: 2 })
  await ask(0, 'PUT', 'servers', { echo: { command: 'node' } })
  await ask(0, 'PUT', 'secrets/SIGNING', { value: SECRET_VALUE })
  await ask(0, 'PUT', 'issuers', { issuers: [{ ...ISSUER, scopes: ['*'] }] })
  token = ((await ask(0, 'POST', 'tokens', { name: 'test' })) as { token: string }).token
}, 60_000)

afterAll(() => worker.stop())

async function ask(
  isolate: number,
  method: string,
  path: string,
  body?: unknown,
): Promise<unknown> {
  const url = new URL(`/admin/tenants/acme/${path}`, worker.urls[isolate])
  const headers = {
    Authorization: 'Bearer admin-token-of-the-test',
    'Content-Type': 'application/json',
  }
  const response = await fetch(url, {
    method,
    headers,
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  if (!response.ok)
    throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`)
  return response.status === 204 ? undefined : response.json()
}

/** Each isolate has an address, and with it an audience, of its own. */
function jwt(isolate: number, sub = 'ada'): Promise<string> {
  const aud = `${worker.urls[isolate]?.origin}/t/acme`
  return sign(secretSigner, claimsAt(Date.now(), { iss: 'app', sub, aud }))
}

/** `/ready` is 503 here for whoever is let in. */
async function isTaken(isolate: number, bearer: string): Promise<boolean> {
  const headers = { Authorization: `Bearer ${bearer}` }
  const { status } = await fetch(new URL('/t/acme/ready', worker.urls[isolate]), { headers })
  if (status !== 503 && status !== 401) throw new Error(`/ready answered ${status}`)
  return status === 503
}

/** Milliseconds from `since` until the isolate refuses it. */
async function refusedAfter(isolate: number, bearer: string, since: number): Promise<number> {
  while (await isTaken(isolate, bearer)) {
    if (performance.now() - since > WITHIN_MS + ON_ITS_WAY_MS) return Infinity
    await pause(200)
  }
  return performance.now() - since
}

describe.concurrent('withdrawn in one isolate', () => {
  test('a token ends there at once, and elsewhere within 30 s', { timeout: 60_000 }, async () => {
    expect([await isTaken(0, token), await isTaken(1, token)]).toEqual([true, true])

    await ask(0, 'DELETE', `tokens/${token.split('_')[2]}`)
    const since = performance.now()

    expect([await isTaken(0, token), await isTaken(1, token)]).toEqual([false, true])
    expect(await refusedAfter(1, token, since)).toBeLessThan(WITHIN_MS + ON_ITS_WAY_MS)
  })

  test('an issuer ends there at once, and elsewhere within 30 s', { timeout: 60_000 }, async () => {
    const [here, elsewhere] = [await jwt(0), await jwt(1)]
    expect([await isTaken(0, here), await isTaken(1, elsewhere)]).toEqual([true, true])

    await ask(0, 'PUT', 'issuers', { issuers: [] })
    const since = performance.now()
    expect([await isTaken(0, here), await isTaken(1, elsewhere)]).toEqual([false, true])

    // Decided late there, by what was told before: it gets no 30 s of its own.
    await pause(25_000)
    const late = await jwt(1, 'late')
    expect(await isTaken(1, late)).toBe(true)
    const [first, last] = await Promise.all(
      [elsewhere, late].map((bearer) => refusedAfter(1, bearer, since)),
    )
    expect(first).toBeLessThan(WITHIN_MS + ON_ITS_WAY_MS)
    expect(last).toBeLessThan(WITHIN_MS + ON_ITS_WAY_MS)
  })
})
