/** What a tenant's principals may do in the control plane, in workerd. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { OPERATIONS } from '#cli/openapi/operations.ts'
import type { AuditEvent, Page, TokenInfo } from '#protocol/tenant.ts'
import { startWorker, type RunningWorker } from '../start-worker.ts'
import { createSend, expectCode, type Answer, type Send } from './send.ts'

interface Made {
  token: string
  info: TokenInfo
}

let worker: RunningWorker
let operator: Send

beforeAll(async () => {
  worker = await startWorker()
  operator = createSend(worker)
  for (const tenant of ['acme', 'globex']) {
    const env = { MARK: `mark-of-${tenant}` }
    await operator('PUT', `tenants/${tenant}/servers`, { echo: { command: 'node', env } })
    await operator('PUT', `tenants/${tenant}/secrets/KEY`, { value: `secret-of-${tenant}` })
  }
})

afterAll(() => worker.stop())

async function createToken(tenant: string, ...scopes: string[]): Promise<Made> {
  const body = { name: `token-of-${tenant}`, grants: { scopes } }
  return (await operator<Made>('POST', `tenants/${tenant}/tokens`, body)).body
}

async function as(tenant: string, ...scopes: string[]): Promise<Send> {
  return createSend(worker, (await createToken(tenant, ...scopes)).token)
}

async function refusals(tenant: string, by: string): Promise<Partial<AuditEvent>[]> {
  const { body } = await operator<Page<AuditEvent>>('GET', `tenants/${tenant}/audit?by=${by}`)
  return body.items
    .filter(({ outcome }) => outcome !== 'ok')
    .map(({ action, target, outcome }) => ({ action, ...(target && { target }), outcome }))
}

describe('a tenant’s own admin', () => {
  test('manages its servers, tokens, secrets and audit log, and reads its limits', async () => {
    const admin = await as('acme', 'admin')
    const { info } = await createToken('acme', 'admin:audit')

    const answers = [
      await admin('GET', 'tenants/acme'),
      await admin('GET', 'tenants/acme/servers'),
      await admin('PUT', 'tenants/acme/servers/other', { command: 'node' }),
      await admin('DELETE', 'tenants/acme/servers/other'),
      await admin('POST', 'tenants/acme/tokens', { name: 'any', grants: { scopes: ['admin'] } }),
      await admin('POST', `tenants/acme/tokens/${info.keyId}/rotate`),
      await admin('DELETE', `tenants/acme/tokens/${info.keyId}`),
      await admin('PUT', 'tenants/acme/secrets/OTHER', { value: 'x' }),
      await admin('DELETE', 'tenants/acme/secrets/OTHER'),
      await admin('POST', 'tenants/acme/secrets/rewrap'),
      await admin('GET', 'tenants/acme/limits'),
      await admin('GET', 'tenants/acme/audit'),
    ]

    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200))
  })

  test('changes no limits, issuers or tenants, and the try is in the log', async () => {
    const { token, info } = await createToken('acme', 'admin', '*')
    const admin = createSend(worker, token)

    for (const answer of [
      await admin('GET', 'tenants'),
      await admin('PUT', 'tenants/acme'),
      await admin('PUT', 'tenants/acme/limits', { limits: [] }),
      await admin('PUT', 'tenants/acme/issuers', { issuers: [] }),
      await admin('GET', 'tenants/acme/issuers'),
      await admin('POST', 'tenants/acme/drain'),
      await admin('DELETE', 'tenants/acme'),
    ]) {
      expectCode(answer, 403, 'forbidden')
    }
    const actions = (await refusals('acme', info.principal)).map(({ action }) => action)
    expect(actions.toReversed()).toEqual([
      ...['tenants.list', 'tenant.create', 'limits.put', 'issuers.put', 'issuers.get'],
      ...['tenant.drain', 'tenant.delete'],
    ])
  })

  test('cannot lift the tenant’s limits by those of a server', async () => {
    const admin = await as('acme', 'admin')
    const limits = [{ name: 'all', per: 'tenant', algorithm: 'concurrency', limit: 1_000 }]
    const server = { command: 'node', limits }

    expectCode(await admin('PUT', 'tenants/acme/servers/lifted', server), 403, 'forbidden')
    expectCode(await admin('PUT', 'tenants/acme/servers', { lifted: server }), 403, 'forbidden')

    await operator('PUT', 'tenants/acme/servers/lifted', server)
    const kept = { ...server, command: 'other' }
    expect((await admin('PUT', 'tenants/acme/servers/lifted', kept)).status).toBe(200)
  })

  test('does not make its tenant again after it was deleted', async () => {
    await operator('PUT', 'tenants/doomed/servers', {})
    const { token } = await createToken('doomed', 'admin')
    const admin = createSend(worker, token)
    expect((await admin('GET', 'tenants/doomed')).status).toBe(200)

    await operator('DELETE', 'tenants/doomed')

    expect((await admin('PUT', 'tenants/doomed/servers', {})).status).toBe(401)
    expectCode(await operator('GET', 'tenants/doomed'), 404, 'tenant_not_found')
  })
})

describe('another tenant', () => {
  const routes = OPERATIONS.filter(({ path }) => path.includes('{tenant}')).map((operation) => {
    const { method, path, body } = operation
    const filled = path
      .slice(1)
      .replace('{keyId}', '0a0b0c0d')
      .replace('{secret}', 'KEY')
      .replace('{server}', 'echo')
      .replace('{principal}', 'me')
    return [method.toUpperCase(), filled, body === undefined ? undefined : {}] as const
  })

  test.each(routes)('is to %s %s as one that nobody has', async (method, path, body) => {
    const admin = await as('acme', 'admin', 'secrets', '*')
    const of = (tenant: string) => admin(method, path.replace('{tenant}', tenant), body)

    const [other, unknown] = [await of('globex'), await of('nobody')]

    expect(other.status).toBeGreaterThanOrEqual(400)
    expect(sameBytes(other)).toEqual(sameBytes(unknown))
    expect(other.text).not.toContain('globex')
  })

  test('is untouched by it', async () => {
    const { body } = await operator<Page<AuditEvent>>('GET', 'tenants/globex/audit')

    expect(body.items.map(({ actor }) => actor.by)).toEqual(body.items.map(() => 'operator'))
    expect(body.items.every(({ outcome }) => outcome === 'ok')).toBe(true)
  })
})

describe('who makes tokens', () => {
  test.each([
    [
      'admin alone',
      ['admin'],
      [['admin'], ['admin:audit'], []],
      [['*'], ['servers:echo'], ['run'], ['mfa']],
    ],
    [
      'admin with all servers',
      ['admin', '*'],
      [['admin', '*'], ['servers:echo']],
      [['secrets'], ['mfa']],
    ],
  ])('gives no more than it has: %s', async (_name, scopes, given, refused) => {
    const maker = await as('acme', ...scopes)
    const create = (asked: string[]) =>
      maker('POST', 'tenants/acme/tokens', { name: 'x', grants: { scopes: asked } })

    for (const asked of given) expect((await create(asked)).status).toBe(200)
    for (const asked of refused) expectCode(await create(asked), 403, 'forbidden')
  })

  test('takes over no token that holds more, by rotating it', async () => {
    const maker = await as('acme', 'admin')
    const rotate = async (...scopes: string[]) => {
      const { info } = await createToken('acme', ...scopes)
      return maker('POST', `tenants/acme/tokens/${info.keyId}/rotate`)
    }

    expectCode(await rotate('*'), 403, 'forbidden')
    expectCode(await rotate('admin', 'servers:echo'), 403, 'forbidden')
    expect((await rotate('admin')).status).toBe(200)
  })

  test('keeps its lists in what it gives', async () => {
    const grants = { scopes: ['admin', '*'], deny: { tools: ['echo/rm'] } }
    const body = { name: 'listed', grants }
    const { token } = (await operator<Made>('POST', 'tenants/acme/tokens', body)).body
    const maker = createSend(worker, token)
    const create = (asked: object) =>
      maker('POST', 'tenants/acme/tokens', { name: 'x', grants: asked })

    expectCode(await create({ scopes: ['*'] }), 403, 'forbidden')
    expectCode(await create({ scopes: ['tools:call:echo/*'] }), 403, 'forbidden')
    expect((await create(grants)).status).toBe(200)
    expect((await create({ scopes: ['tools:call:other/*'] })).status).toBe(200)
  })

  test('gives no more than it has: a part of admin', async () => {
    const { token, info } = await createToken('acme', 'admin:tokens', 'tools:call:echo/*')
    const maker = createSend(worker, token)
    const create = (grants: object) => maker('POST', 'tenants/acme/tokens', { name: 'x', grants })

    expect((await create({ scopes: ['tools:call:echo/a'] })).status).toBe(200)
    expect((await create({ scopes: ['admin:tokens'] })).status).toBe(200)
    for (const scopes of [['*'], ['admin'], ['admin:secrets'], ['servers:echo'], ['run']]) {
      expectCode(await create({ scopes }), 403, 'forbidden')
    }
    expectCode(await maker('POST', 'tenants/acme/tokens', { name: 'x' }), 403, 'forbidden')
    expect((await refusals('acme', info.principal))[0]).toEqual({
      ...{ action: 'token.create', outcome: 'forbidden' },
    })
  })

  test('rotates no token that holds more than it has', async () => {
    const { token, info } = await createToken('acme', 'admin:tokens')
    const { info: owner } = await createToken('acme', 'admin')
    const maker = createSend(worker, token)

    const answer = await maker('POST', `tenants/acme/tokens/${owner.keyId}/rotate`)

    expectCode(answer, 403, 'forbidden')
    expect(await refusals('acme', info.principal)).toEqual([
      { action: 'token.rotate', target: owner.keyId, outcome: 'forbidden' },
    ])
    expect((await maker('POST', `tenants/acme/tokens/${info.keyId}/rotate`)).status).toBe(200)
  })

  test('chooses no key id, and so no principal', async () => {
    const admin = await as('acme', 'admin')
    const { info } = await createToken('acme', 'run')
    const token = `hearth_acme_${info.keyId}_${'7'.repeat(64)}`

    const body = { name: 'x', token, grants: { scopes: [] } }

    expectCode(await admin('POST', 'tenants/acme/tokens', body), 403, 'forbidden')
  })
})

test('the key of an issuer is set by the operator alone: it makes JWTs of anybody', async () => {
  const issuer = { name: 'idp', issuer: 'https://idp.example', algorithms: ['HS256'] }
  await operator('PUT', 'tenants/acme/issuers', {
    issuers: [{ ...issuer, keys: { secret: 'JWT_KEY' } }],
  })
  const path = 'tenants/acme/secrets/JWT_KEY'
  const value = 'a-key-of-thirty-two-bytes-or-more'
  const part = await as('acme', 'admin:secrets')
  const whole = await as('acme', 'admin', '*', 'secrets')

  expectCode(await part('PUT', path, { value }), 403, 'forbidden')
  expectCode(await whole('PUT', path, { value }), 403, 'forbidden')
  expect((await operator('PUT', path, { value })).status).toBe(200)
  expectCode(await part('DELETE', path), 403, 'forbidden')
  expectCode(await whole('DELETE', path), 403, 'forbidden')
  expect((await part('PUT', 'tenants/acme/secrets/OTHER', { value })).status).toBe(200)
})

describe('a principal’s own secrets', () => {
  test('are its own to set with the scope secrets, and nothing else is', async () => {
    const { token, info } = await createToken('acme', 'secrets')
    const own = createSend(worker, token)
    const base = 'tenants/acme/principals'

    const put = await own('PUT', `${base}/me/secrets/MINE`, { value: 'x' })
    expect(put.body).toMatchObject({ name: 'MINE', principal: info.principal, version: 1 })
    const { body } = await own<{ secrets: object[] }>('GET', `${base}/${info.principal}/secrets`)
    expect(body.secrets).toHaveLength(1)
    expect((await own('DELETE', `${base}/me/secrets/MINE`)).status).toBe(200)

    for (const answer of [
      await own('GET', 'tenants/acme/secrets'),
      await own('PUT', 'tenants/acme/secrets/KEY', { value: 'x' }),
      await own('GET', `${base}/token:99999999/secrets`),
      await own('PUT', `${base}/token:99999999/secrets/KEY`, { value: 'x' }),
      await own('GET', 'tenants/acme'),
    ]) {
      expectCode(answer, 403, 'forbidden')
    }
  })

  test('are not the operator’s, who is no principal', async () => {
    const path = 'tenants/acme/principals/me/secrets'

    expectCode(await operator('GET', path), 400, 'invalid_params')
    expectCode(await operator('GET', path.replace('/me/', '/x/')), 400, 'invalid_params')
  })
})

test('a token that somebody put into a path is not in the log', async () => {
  const { token, info } = await createToken('acme', 'admin')
  const admin = createSend(worker, token)

  await admin('DELETE', `tenants/acme/tokens/${token}`)
  await admin('DELETE', `tenants/acme/secrets/${token}`)

  expect(await refusals('acme', info.principal)).toEqual([
    { action: 'secret.delete', outcome: 'secret_not_found' },
    { action: 'token.revoke', outcome: 'token_not_found' },
  ])
})

/** All of it but what differs with every request. */
function sameBytes({ status, text, headers }: Answer<unknown>): object {
  const kept = [...headers].filter(([name]) => !['x-request-id', 'date'].includes(name))
  return { status, text, headers: kept }
}
