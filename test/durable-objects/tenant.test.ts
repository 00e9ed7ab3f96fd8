import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { TOKEN } from '#protocol/tenant.ts'
import { post } from '../worker/fake-deps.ts'
import { startWorker, type RunningWorker } from '../worker/start-worker.ts'

let worker: RunningWorker

beforeAll(async () => {
  worker = await startWorker()
}, 30_000)

afterAll(() => worker.stop())

async function putServers(tenant: string, servers: object): Promise<unknown> {
  return (await worker.admin('PUT', `${tenant}/servers`, servers)).json()
}

async function addToken(tenant: string, body: object): Promise<string> {
  const response = await worker.admin('POST', `${tenant}/tokens`, body)
  return ((await response.json()) as { token: string }).token
}

/** A request that is refused for its missing session, once the token is accepted. */
async function isAccepted(token: string, server = 'echo'): Promise<boolean> {
  const message = { jsonrpc: '2.0', id: 1, method: 'tools/list' }
  const init = post(message, { Authorization: `Bearer ${token}` })
  const response = await fetch(new URL(`/mcp/${server}`, worker.url), init)
  return response.status === 400
}

const servers = { echo: { command: 'node' } }

describe('a tenant', () => {
  test('counts the changes of its configuration', async () => {
    expect(await putServers('counter', servers)).toEqual({ version: 1 })
    expect(await putServers('counter', servers)).toEqual({ version: 1 })
    expect(await putServers('counter', {})).toEqual({ version: 2 })
    expect(await putServers('counter', servers)).toEqual({ version: 3 })
  })

  test('serves a new configuration at once', async () => {
    await putServers('changing', servers)
    const token = await addToken('changing', { name: 'a' })
    expect(await isAccepted(token, 'other')).toBe(false)

    await putServers('changing', { other: { command: 'node' } })

    expect(await isAccepted(token, 'other')).toBe(true)
    expect(await isAccepted(token, 'echo')).toBe(false)
  })

  test('that does not exist gets no token', async () => {
    const response = await worker.admin('POST', 'nobody/tokens', { name: 'a' })

    expect(response.status).toBe(404)
    expect(await response.json()).toMatchObject({ error: { code: 'tenant_not_found' } })
  })

  test('with more configuration than a row holds is refused', async () => {
    const env = Object.fromEntries(
      Array.from({ length: 10 }, (_, n) => [`K${n}`, 'x'.repeat(60_000)]),
    )

    const response = await worker.admin('PUT', 'large/servers', { echo: { command: 'node', env } })

    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ error: { code: 'invalid_config' } })
  })
})

describe('a token', () => {
  test('is accepted after an eviction and after a restart', async () => {
    await putServers('lasting', servers)
    const token = await addToken('lasting', { name: 'a' })

    await worker.evict('Tenant', 'lasting')
    expect(await isAccepted(token)).toBe(true)

    await worker.restart()
    expect(await isAccepted(token)).toBe(true)
  })

  test('can be registered, twice with the same effect', async () => {
    const token = `hearth_given_0a0b0c0d_${'7'.repeat(64)}`
    await putServers('given', servers)

    expect(await addToken('given', { name: 'a', token })).toBe(token)
    expect(await addToken('given', { name: 'a', token })).toBe(token)
    expect(await isAccepted(token)).toBe(true)
  })

  test('is only good for its own tenant', async () => {
    await putServers('one', servers)
    await putServers('two', servers)
    const token = await addToken('one', { name: 'a' })

    expect(await isAccepted(token.replace('_one_', '_two_'))).toBe(false)
    const response = await worker.admin('POST', 'two/tokens', { name: 'a', token })
    expect(response.status).toBe(400)
  })

  test('is only good whole', async () => {
    await putServers('whole', servers)
    const token = await addToken('whole', { name: 'a' })
    const last = token.endsWith('0') ? '1' : '0'

    expect(token).toMatch(TOKEN)
    expect(await isAccepted(token.slice(0, -1) + last)).toBe(false)
    expect(await isAccepted(token)).toBe(true)
  })

  test('is stored as a keyed hash alone', async () => {
    await putServers('hashed', servers)
    const token = await addToken('hashed', { name: 'findable-name' })
    const [, , keyId, secret = ''] = token.split('_')

    const stored = await worker.storedText()

    expect(stored).toContain('findable-name')
    expect(stored).toContain(keyId)
    expect(stored).not.toContain(secret)
    expect(stored).not.toContain(Buffer.from(secret, 'hex').toString('latin1'))
  })

  test('is worth nothing under another pepper', async () => {
    await putServers('peppered', servers)
    const token = await addToken('peppered', { name: 'a' })
    expect(await isAccepted(token)).toBe(true)

    await worker.restart({ TOKEN_PEPPER: 'another' })

    expect(await isAccepted(token)).toBe(false)
  })
})
