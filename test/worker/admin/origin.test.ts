/** Which pages may use the admin API: those of the gateway itself. */
import { expect, test } from 'vitest'
import { createFakes } from '#test/worker/fake-deps.ts'

const PAGE = 'https://page.example'
const { app } = createFakes({
  deps: { allowedOrigins: new Set([PAGE]), allowedHosts: undefined },
})

const ask = (path: string, origin: string, method = 'OPTIONS') =>
  app.request(`https://hearth.example${path}`, { method, headers: { Origin: origin } })

test.each(['/admin', '/admin/tenants', '/admin/tenants/', '/admin/tenants/acme/servers'])(
  'a page that may call tools is refused at %s',
  async (path) => {
    const [preflight, request] = [await ask(path, PAGE), await ask(path, PAGE, 'GET')]

    expect([preflight.status, request.status]).toEqual([403, 403])
    expect(preflight.headers.get('Access-Control-Allow-Origin')).toBeNull()
    expect(await request.text()).toContain('not for pages of another origin')
  },
)

test('it may call, and a page of the gateway may do both', async () => {
  expect((await ask('/mcp', PAGE)).status).toBe(204)
  expect((await ask('/mcp', 'https://hearth.example')).status).toBe(204)
  expect((await ask('/admin/tenants', 'https://hearth.example')).status).toBe(204)
})
