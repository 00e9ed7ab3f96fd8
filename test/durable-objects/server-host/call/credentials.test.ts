import { expect, test } from 'vitest'
import { Credentials } from '#durable-objects/server-host/call/credentials.ts'
import type { Ticker, Ticking } from '#durable-objects/server-host/processes/ticker.ts'
import type { GatewayError } from '#protocol/errors.ts'

const REFUSED_MS = 60_000
const MAX_ENDED = 10_000

function create() {
  const ticking = new Set<Ticking>()
  const ticker: Pick<Ticker, 'add' | 'delete'> = {
    add: (member) => void ticking.add(member),
    delete: (member) => void ticking.delete(member),
  }
  return { ticking, credentials: new Credentials(ticker as Ticker) }
}

const end = (credentials: Credentials, credential: string, now: number) =>
  credentials.end(credential, now, now)

function codeOf(act: () => void): string {
  try {
    act()
    return 'nothing'
  } catch (error) {
    return (error as GatewayError).code
  }
}

test('a credential ends what it opened, once, and nothing of another one', () => {
  const { credentials } = create()
  const ended: string[] = []
  credentials.hold({ credential: 'a' }, () => ended.push('a1'))
  credentials.hold({ credential: 'b' }, () => ended.push('b1'))
  credentials.hold({ credential: 'a' }, () => ended.push('a2'))
  const letGo = credentials.hold({ credential: 'a' }, () => ended.push('a3'))
  letGo()

  end(credentials, 'a', Date.now())
  end(credentials, 'a', Date.now())

  expect(ended).toEqual(['a1', 'a2'])
})

test('one ending that fails keeps no other from its own', () => {
  const { credentials } = create()
  const ended: string[] = []
  credentials.hold({ credential: 'a' }, () => {
    throw new Error('broken')
  })
  credentials.hold({ credential: 'a' }, () => ended.push('a2'))

  end(credentials, 'a', Date.now())

  expect(ended).toEqual(['a2'])
})

test('an ended credential is refused for a minute, and opens nothing', () => {
  const { credentials } = create()
  const now = Date.now()
  end(credentials, 'a', now)
  const check = (at: number, credential = 'a') =>
    codeOf(() => credentials.check({ credential }, at))

  expect(check(now)).toBe('unauthorized')
  expect(check(now + REFUSED_MS - 1)).toBe('unauthorized')
  expect(check(now + REFUSED_MS)).toBe('nothing')
  expect(check(now, 'b')).toBe('nothing')
  expect(codeOf(() => credentials.hold({ credential: 'a' }, () => undefined))).toBe('unauthorized')
})

test('ends with its time, at the next tick, and ticks no longer than it must', () => {
  const { credentials, ticking } = create()
  const expiresAt = Date.now() + 60_000
  const ended: string[] = []
  credentials.hold({ credential: 'a' }, () => ended.push('never'))
  expect(ticking.size).toBe(0)
  credentials.hold({ credential: 'a', expiresAt }, () => ended.push('a'))
  const letGo = credentials.hold({ credential: 'b', expiresAt: expiresAt + 1 }, () =>
    ended.push('b'),
  )
  expect(ticking.size).toBe(1)

  credentials.tick(expiresAt - 1)
  expect(ended).toEqual([])
  credentials.tick(expiresAt)
  expect(ended).toEqual(['a'])
  letGo()
  expect(ticking.size).toBe(0)
})

test('a credential that ends later ends what it has opened, and opens until then, at that time', () => {
  const { credentials } = create()
  const now = Date.now()
  const at = now + 60_000
  const ended: string[] = []
  credentials.hold({ credential: 'a' }, () => ended.push('before'))
  credentials.hold({ credential: 'a', expiresAt: now + 1_000 }, () => ended.push('expires'))
  credentials.end('a', at, now)
  credentials.hold({ credential: 'a' }, () => ended.push('after'))

  credentials.tick(now + 1_000)
  expect(ended).toEqual(['expires'])
  credentials.tick(at)
  expect(ended).toEqual(['expires', 'before', 'after'])
  expect(codeOf(() => credentials.check({ credential: 'a' }, at - 1))).toBe('nothing')
  expect(codeOf(() => credentials.check({ credential: 'a' }, at))).toBe('unauthorized')
})

test('a credential whose time is over opens nothing', () => {
  const { credentials } = create()
  const expired = { credential: 'a', expiresAt: Date.now() - 1 }

  expect(codeOf(() => credentials.hold(expired, () => undefined))).toBe('unauthorized')
})

test('no more than so many are remembered; the one that ended first is forgotten', () => {
  const { credentials } = create()
  const now = Date.now()
  for (let nth = 0; nth <= MAX_ENDED; nth++) end(credentials, `c${nth}`, now)
  const check = (credential: string) => codeOf(() => credentials.check({ credential }, now))

  expect([check('c0'), check('c1'), check(`c${MAX_ENDED}`)]).toEqual([
    ...['nothing', 'unauthorized', 'unauthorized'],
  ])
})

test('an issuer ends each of its JWTs, and no other one', () => {
  const { credentials } = create()
  const now = Date.now()
  const ended: string[] = []
  const names = ['jwt:corp:ann', 'jwt:corp:a:b', 'jwt:corporate:ann', 'token:0123abcd']
  for (const credential of names) {
    credentials.hold({ credential }, () => ended.push(credential))
  }

  end(credentials, 'jwt:corp', now)

  expect(ended).toEqual(['jwt:corp:ann', 'jwt:corp:a:b'])
  const refused = names.map((credential) =>
    codeOf(() => credentials.check({ credential }, now + 1)),
  )
  expect(refused).toEqual(['unauthorized', 'unauthorized', 'nothing', 'nothing'])
})

test('everything that is held ends at once when the tenant does', () => {
  const { credentials, ticking } = create()
  const ended: string[] = []
  credentials.hold({ credential: 'a' }, () => ended.push('a'))
  credentials.hold({ credential: 'b', expiresAt: Date.now() + 60_000 }, () => ended.push('b'))

  credentials.endAll()

  expect(ended).toEqual(['a', 'b'])
  expect(ticking.size).toBe(0)
})
