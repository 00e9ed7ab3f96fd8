import { describe, expect, test } from 'vitest'
import { GatewayError } from '#protocol/errors.ts'
import type { Verdict } from '#protocol/tenant.ts'
import type { TenantStub } from '#protocol/tenant-stub.ts'
import { createFakes, post, VERDICT } from './fake-deps.ts'
import { callTool, expectError, initialize, inSession, URL_OF_SERVER } from './requests.ts'

const lost = (flags: object) => () => Promise.reject(Object.assign(new Error('lost'), flags))
const answered = () => Promise.resolve(Response.json({ answered: true }))

describe('when the tenant is lost', () => {
  const authenticate = (failures: number, flags: object) => {
    let left = failures
    return () => (left-- > 0 ? lost(flags)() : Promise.resolve(VERDICT))
  }
  const tenantThat = (authenticating: () => Promise<Verdict>) => ({
    tenant: () => ({ authenticate: authenticating }) as Partial<TenantStub> as TenantStub,
  })

  test('it is asked once more', async () => {
    const deps = tenantThat(authenticate(1, { retryable: true }))

    const response = await createFakes({ deps }).app.request(URL_OF_SERVER, post(initialize))

    expect(response.status).toBe(200)
  })

  test.each([
    { flags: { retryable: true }, failures: 2 },
    { flags: { retryable: true, overloaded: true }, failures: 1 },
  ])(
    '$failures times with $flags, the caller is told to come back',
    async ({ flags, failures }) => {
      const deps = tenantThat(authenticate(failures, flags))

      const response = await createFakes({ deps }).app.request(URL_OF_SERVER, post(initialize))

      await expectError(response, 'not_ready', null)
      expect(response.headers.get('Retry-After')).toBe('1')
    },
  )
})

describe('when the server host is lost', () => {
  const read = { jsonrpc: '2.0', id: 1, method: 'tools/list' }

  test('a call that is safe to repeat is sent once more', async () => {
    const { app, forwarded } = createFakes({ answers: [lost({ retryable: true }), answered] })

    const response = await app.request(URL_OF_SERVER, post(read, inSession))

    expect(response.status).toBe(200)
    expect(forwarded.map(({ body }) => body)).toEqual([JSON.stringify(read), JSON.stringify(read)])
  })

  test.each([
    {
      name: 'a tool call is not repeated',
      message: callTool,
      flags: { retryable: true },
      times: 1,
    },
    {
      name: 'an overloaded host is not asked again',
      message: read,
      flags: { retryable: true, overloaded: true },
      times: 1,
    },
    { name: 'two losses are enough', message: read, flags: { durableObjectReset: true }, times: 2 },
  ])('$name', async ({ message, flags, times }) => {
    const { app, forwarded, lines } = createFakes({ answers: [lost(flags)] })

    const response = await app.request(URL_OF_SERVER, post(message, inSession))

    await expectError(response, 'host_unavailable', message.id)
    expect(response.headers.get('Retry-After')).toBe('1')
    expect(forwarded).toHaveLength(times)
    expect(lines).toMatchObject([{ outcome: 'host_unavailable' }])
  })

  test('an unknown error is internal, and its text stays inside', async () => {
    const { app, faults } = createFakes({
      answers: [() => Promise.reject(new Error('db password is 1234'))],
    })

    const response = await app.request(URL_OF_SERVER, post(read, inSession))

    const text = await response.clone().text()
    await expectError(response, 'internal', 1)
    expect(text).not.toContain('1234')
    expect(String(faults[0])).toContain('1234')
  })

  test('a fault of the table keeps its code, detail and delay', async () => {
    const fault = new GatewayError('server_busy', { detail: 'all 64 in use', retryAfterMs: 1500 })
    const { app } = createFakes({ answers: [() => Promise.reject(fault)] })

    const response = await app.request(URL_OF_SERVER, post(read, inSession))

    expect(response.headers.get('Retry-After')).toBe('2')
    await expectError(response, 'server_busy', 1)
  })
})
