import { describe, expect, test } from 'vitest'
import { ADMIN_TOKEN, createFakes, TOKEN } from './fake-deps.ts'

const admin = { Authorization: `Bearer ${ADMIN_TOKEN}`, 'Content-Type': 'application/json' }

function request(
  method: string,
  body?: unknown,
  headers: Record<string, string> = admin,
): RequestInit {
  return { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) }
}

describe('every admin route', () => {
  const routes = [
    ['PUT', '/admin/tenants/acme/servers'],
    ['POST', '/admin/tenants/acme/tokens'],
    ['POST', '/admin/tenants/acme/drain'],
    ['POST', '/admin/tenants/acme/warm'],
    ['POST', '/admin/nothing'],
  ] as const

  test.each(routes)('%s %s refuses all but the admin token', async (method, path) => {
    const { app } = createFakes()
    for (const token of ['', TOKEN, `${ADMIN_TOKEN}x`, ADMIN_TOKEN.slice(1)]) {
      const response = await app.request(
        path,
        request(method, {}, { Authorization: `Bearer ${token}` }),
      )

      expect(response.status).toBe(401)
    }
  })

  test.each(routes)('%s %s is closed when there is no admin token', async (method, path) => {
    const { app } = createFakes({ deps: { adminToken: '' } })

    const response = await app.request(path, request(method, {}, { Authorization: 'Bearer x' }))

    expect(response.status).toBe(401)
  })
})

describe('servers', () => {
  test('are stored and their version told', async () => {
    const { app } = createFakes()

    const response = await app.request(
      '/admin/tenants/acme/servers',
      request('PUT', { everything: { command: 'node' } }),
    )

    expect(await response.json()).toEqual({ version: 8 })
  })

  test('that are not valid are refused by path, without their values', async () => {
    const { app } = createFakes()
    const servers = {
      a: { command: 'node', env: { KEY: { secret: 'hunter2' } }, warm: 99, extra: 1 },
    }

    const response = await app.request('/admin/tenants/acme/servers', request('PUT', servers))

    expect(response.status).toBe(400)
    const text = await response.text()
    expect(JSON.parse(text)).toMatchObject({ error: { code: 'invalid_config' } })
    expect(text).toContain('a.env.KEY')
    expect(text).toContain('a.warm')
    expect(text).not.toContain('hunter2')
  })

  test('of a tenant whose name is no name are 404', async () => {
    const response = await createFakes().app.request(
      '/admin/tenants/A_b/servers',
      request('PUT', {}),
    )

    expect(response.status).toBe(404)
  })

  test('changed make cached verdicts be asked for anew', async () => {
    const { app, asked } = createFakes()
    const ready = () => app.request('/ready', { headers: { Authorization: `Bearer ${TOKEN}` } })
    await ready()
    await app.request('/admin/tenants/acme/servers', request('PUT', {}))
    await ready()

    expect(asked).toHaveLength(2)
  })
})

describe('tokens', () => {
  test('are made or registered, and shown once', async () => {
    const { app } = createFakes()

    const response = await app.request(
      '/admin/tenants/acme/tokens',
      request('POST', { name: 'ci', token: TOKEN }),
    )

    expect(await response.json()).toEqual({ token: TOKEN })
    expect(response.headers.get('Cache-Control')).toBe('no-store')
  })

  test.each([{}, { name: '' }, { name: 'x', token: 'short' }, { name: 'x', other: 1 }])(
    'asked for with %j are refused, and the value is not repeated',
    async (body) => {
      const response = await createFakes().app.request(
        '/admin/tenants/acme/tokens',
        request('POST', body),
      )

      expect(response.status).toBe(400)
      expect(await response.text()).not.toContain('short')
    },
  )
})

test.each(['drain', 'warm'])('%s of a tenant that does not exist is 404', async (action) => {
  const response = await createFakes().app.request(
    `/admin/tenants/nobody/${action}`,
    request('POST'),
  )

  expect(response.status).toBe(404)
})

test.each(['drain', 'warm'])('%s answers when it is done', async (action) => {
  const response = await createFakes().app.request(`/admin/tenants/acme/${action}`, request('POST'))

  expect(response.status).toBe(200)
})
