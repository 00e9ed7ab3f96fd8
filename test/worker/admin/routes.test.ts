import { describe, expect, test } from 'vitest'
import { OPERATIONS } from '#cli/openapi/operations.ts'
import { GatewayError } from '#protocol/errors.ts'
import type { Actor, TokenInfo } from '#protocol/tenant.ts'
import { ADMIN_TOKEN, createFakes, KEY_ID, TOKEN, VERDICT } from '../fake-deps.ts'

const operator = { Authorization: `Bearer ${ADMIN_TOKEN}`, 'Content-Type': 'application/json' }
const SERVERS = '/admin/tenants/acme/servers'
const TOKENS = '/admin/tenants/acme/tokens'
const INFO: TokenInfo = {
  ...{ keyId: KEY_ID, principal: `token:${KEY_ID}`, name: 'ci', grants: { scopes: ['*'] } },
  ...{ createdAt: 1, createdBy: 'operator' },
}

function request(
  method: string,
  body?: unknown,
  headers: Record<string, string> = operator,
): RequestInit {
  return { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) }
}

describe('every admin route', () => {
  const routes = OPERATIONS.map(({ method, path }) => {
    const filled = path
      .replace('{tenant}', 'acme')
      .replace('{keyId}', KEY_ID)
      .replace('{principal}', 'token:99999999')
      .replace(/\{\w+\}/g, 'X')
    return [method.toUpperCase(), `/admin${filled}`] as const
  })

  test.each(routes)('%s %s refuses strangers', async (method, path) => {
    const { app } = createFakes()
    for (const token of ['', `${ADMIN_TOKEN}x`, ADMIN_TOKEN.slice(1), `${TOKEN}0`]) {
      const headers = { Authorization: `Bearer ${token}` }
      const response = await app.request(path, { method, headers })

      expect(response.status).toBe(401)
    }
    expect((await app.request(path, { method })).status).toBe(401)
  })

  test.each(routes)('%s %s refuses a token without scopes for it', async (method, path) => {
    const { app } = createFakes()

    const response = await app.request(path, {
      method,
      headers: { Authorization: `Bearer ${TOKEN}` },
    })

    expect(response.status).toBe(403)
    expect(response.headers.get('WWW-Authenticate')).toContain('insufficient_scope')
  })

  test.each(routes)('%s %s is closed when there is no admin token', async (method, path) => {
    const { app } = createFakes({ deps: { adminToken: '' } })

    const headers = { Authorization: 'Bearer x' }
    expect((await app.request(path, { method, headers })).status).toBe(401)
  })
})

test('a path that is none is 404', async () => {
  expect((await createFakes().app.request('/admin/nothing', request('GET'))).status).toBe(404)
})

test('answers are not stored on their way, and name their request', async () => {
  const response = await createFakes().app.request(SERVERS, request('PUT', {}))

  expect(response.headers.get('Cache-Control')).toBe('no-store')
  expect(response.headers.get('X-Request-Id')).toBeTruthy()
})

test('servers that are not valid are refused by path, without their values', async () => {
  const servers = {
    a: { command: 'node', env: { KEY: { secret: 'hunter2' } }, warm: 99, extra: 1 },
  }

  const response = await createFakes().app.request(SERVERS, request('PUT', servers))

  expect(response.status).toBe(400)
  const text = await response.text()
  expect(JSON.parse(text)).toMatchObject({ error: { code: 'invalid_config' } })
  expect(text).toContain('a.env.KEY')
  expect(text).toContain('a.warm')
  expect(text).not.toContain('hunter2')
})

test.each([{}, { name: '' }, { name: 'x', token: 'short' }, { name: 'x', other: 1 }])(
  'a token asked for with %j is refused, and the value is not repeated',
  async (body) => {
    const response = await createFakes().app.request(TOKENS, request('POST', body))

    expect(response.status).toBe(400)
    expect(await response.text()).not.toContain('short')
  },
)

test('a change makes cached verdicts be asked for anew', async () => {
  const { app, asked } = createFakes()
  const ready = () => app.request('/ready', { headers: { Authorization: `Bearer ${TOKEN}` } })
  await ready()
  await app.request(SERVERS, request('PUT', {}))
  await ready()

  expect(asked).toHaveLength(2)
})

test('a deletion that was cut short can be repeated: the name is known until all of the tenant is gone', async () => {
  const removed: string[] = []
  const { app } = createFakes({
    acme: { remove: () => Promise.resolve(7) },
    deps: {
      directory: () => ({
        ...{ add: () => Promise.resolve(), has: () => Promise.resolve(true) },
        tryToWrite: () => Promise.resolve(),
        remove: (tenant) => Promise.resolve(void removed.push(tenant)),
        list: () => Promise.resolve({ items: [] }),
      }),
      serverHost: () => ({ remove: () => Promise.reject(new Error('cut short')) }) as never,
    },
  })

  expect((await app.request('/admin/tenants/acme', request('DELETE'))).status).toBe(500)

  expect(removed).toEqual([])
})

describe('the end of a token', () => {
  const acme = {
    revokeToken: () => Promise.resolve({ ...INFO, revokedAt: 2 }),
    rotateToken: (_keyId: string, overlapMs: number) =>
      Promise.resolve({ token: TOKEN, info: INFO, old: { ...INFO, expiresAt: 1 + overlapMs } }),
  }
  const end = `acme:end token:${KEY_ID}`

  test('by revocation ends what it opened, and is known here at once', async () => {
    const { app, asked } = createFakes({ acme })
    const ready = () => app.request('/ready', { headers: { Authorization: `Bearer ${TOKEN}` } })
    await ready()
    await app.request(`${TOKENS}/${KEY_ID}`, request('DELETE'))
    await ready()

    expect(asked).toEqual([`acme:${KEY_ID}`, end, `acme:${KEY_ID}`])
  })

  test('by a rotation ends what it opened when the overlap is over', async () => {
    const { app, asked } = createFakes({ acme })

    await app.request(`${TOKENS}/${KEY_ID}/rotate`, request('POST', { overlapMs: 60_000 }))

    expect(asked).toEqual([`${end} at 60001`])
  })
})

test.each(['drain', 'warm'])('%s of a tenant that does not exist is 404', async (action) => {
  const { app } = createFakes()

  expect((await app.request(`/admin/tenants/nobody/${action}`, request('POST'))).status).toBe(404)
  expect((await app.request(`/admin/tenants/acme/${action}`, request('POST'))).status).toBe(200)
})

describe('an object that is lost', () => {
  const lost = () => Promise.reject(Object.assign(new Error('lost'), { retryable: true }))

  test('is asked a second time, where nothing is changed', async () => {
    let left = 1
    const servers = () => (left-- > 0 ? lost() : Promise.resolve({ version: 1, servers: {} }))

    const response = await createFakes({ acme: { servers } }).app.request(SERVERS, request('GET'))

    expect(response.status).toBe(200)
  })

  test('is not asked twice for a change; the caller is told to come back', async () => {
    let asked = 0
    const putServers = () => {
      asked++
      return lost()
    }

    const { app } = createFakes({ acme: { putServers } })
    const response = await app.request(SERVERS, request('PUT', {}))

    expect(asked).toBe(1)
    expect(response.status).toBe(503)
    expect(response.headers.get('Retry-After')).toBe('1')
  })
})

describe('who makes a change', () => {
  const owner = { ...VERDICT, grants: { scopes: ['admin'] } }

  async function actorOf(
    headers: Record<string, string>,
    hasClientAddress: boolean,
  ): Promise<Actor | undefined> {
    let actor: Actor | undefined
    const putServers = (_: object, given: Actor) => {
      actor = given
      return Promise.resolve(1)
    }
    const acme = { putServers, authenticate: () => Promise.resolve(owner) }
    const { app } = createFakes({ acme, deps: { hasClientAddress } })
    const response = await app.request(SERVERS, request('PUT', {}, headers))
    expect(response.headers.get('X-Request-Id')).toBe(actor?.requestId)
    return actor
  }

  test('is the operator, or the principal', async () => {
    expect(await actorOf(operator, false)).toMatchObject({ by: 'operator', credential: 'operator' })
    expect(await actorOf({ Authorization: `Bearer ${TOKEN}` }, false)).toMatchObject({
      ...{ by: owner.principal, credential: owner.credential },
    })
  })

  test('has an address only where the platform tells it', async () => {
    const headers = { ...operator, 'CF-Connecting-IP': '192.0.2.1' }

    expect(await actorOf(headers, true)).toMatchObject({ from: '192.0.2.1' })
    expect(await actorOf(headers, false)).not.toHaveProperty('from')
    expect(await actorOf(operator, true)).not.toHaveProperty('from')
  })
})

test('an export that fails on its way is cut short, not ended', async () => {
  const actor = { by: 'operator', credential: 'operator', requestId: 'r' }
  const event = { id: 7, time: 1, actor, action: 'x', outcome: 'ok' } as const
  let asked = 0
  const audit = () => {
    if (asked++ > 0) throw new GatewayError('internal')
    return Promise.resolve({ items: [event], cursor: '7' })
  }

  const { app } = createFakes({ acme: { audit } })
  const response = await app.request('/admin/tenants/acme/audit?format=jsonl', request('GET'))

  expect(response.status).toBe(200)
  await expect(response.text()).rejects.toThrow()
})
