import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { TOKEN, type TokenInfo } from '#protocol/tenant.ts'
import { expectCode } from '../../worker/admin/send.ts'
import { EVICTABLE, startWorker, type RunningWorker } from '../../worker/start-worker.ts'
import { editTenant, hasToken } from './stored.ts'
import { createTenant, isAccepted } from './tenant-fixture.ts'

let worker: RunningWorker

beforeAll(async () => {
  worker = await startWorker(EVICTABLE)
})

afterAll(() => worker.stop())

const DAY_MS = 86_400_000

describe('a token', () => {
  test('has the form that secret scanners know, and is told once', async () => {
    const { createToken, info } = await createTenant(worker, 'form')

    const made = await createToken({ name: 'ci', grants: { scopes: ['servers:echo'] } })

    expect(made.token).toMatch(TOKEN)
    expect(made.info).toMatchObject({
      ...{ principal: `token:${made.info.keyId}`, name: 'ci', createdBy: 'operator' },
      grants: { scopes: ['servers:echo'] },
    })
    expect(await info(made.info.keyId)).toEqual(made.info)
  })

  test('is accepted after an eviction and after a restart', async () => {
    const { createToken } = await createTenant(worker, 'lasting')
    const { token } = await createToken()

    await worker.evict('TENANT', 'lasting')
    expect(await isAccepted(worker, token)).toBe(true)

    await worker.restart()
    expect(await isAccepted(worker, token)).toBe(true)
  })

  test('is only good for its own tenant', async () => {
    const { createToken } = await createTenant(worker, 'one')
    await createTenant(worker, 'two')
    const { token } = await createToken()

    expect(await isAccepted(worker, token.replace('_one_', '_two_'))).toBe(false)
    expect(await isAccepted(worker, token.replace('_one_', '_nobody_'))).toBe(false)
  })

  test('is only good whole', async () => {
    const { token } = await (await createTenant(worker, 'whole')).createToken()
    const last = token.endsWith('0') ? '1' : '0'

    expect(await isAccepted(worker, token.slice(0, -1) + last)).toBe(false)
    expect(await isAccepted(worker, token)).toBe(true)
  })

  test('is stored as a keyed hash alone', async () => {
    const { token, info } = await (
      await createTenant(worker, 'hashed')
    ).createToken({ name: 'findable-name' })
    const secret = token.split('_')[3] ?? ''

    await worker.restart()
    const stored = await worker.storedText()

    expect(stored).toContain('findable-name')
    expect(stored).toContain(info.keyId)
    expect(stored).not.toContain(secret)
    expect(stored).not.toContain(Buffer.from(secret, 'hex').toString('latin1'))
  })

  test('tells to the minute when it was used', async () => {
    const { createToken, info } = await createTenant(worker, 'used')
    const { token, info: made } = await createToken()
    const usedAt = async () => (await info(made.keyId))?.lastUsedAt
    expect(await usedAt()).toBeUndefined()

    const before = Date.now()
    await isAccepted(worker, token)
    const first = await usedAt()
    await worker.restart()
    await isAccepted(worker, token)

    expect(first).toBeGreaterThanOrEqual(before)
    expect(await usedAt()).toBe(first)
  })

  test('that lives no longer than a day is refused after it', async () => {
    const { createToken, info } = await createTenant(worker, 'short')
    const { token, info: made } = await createToken({ name: 'a', expiresAt: Date.now() + DAY_MS })
    expect(await isAccepted(worker, token)).toBe(true)

    await worker.restart({}, () => shift(made.keyId, DAY_MS))

    expect(await isAccepted(worker, token)).toBe(false)
    expect(await info(made.keyId)).toMatchObject({ keyId: made.keyId })
  })

  test('is not made with an end that has passed, or with grants beyond measure', async () => {
    const { send } = await createTenant(worker, 'refusing')
    const scopes = Array.from({ length: 256 }, (_, at) => `servers:${'x'.repeat(200)}${at}`)

    expectCode(await send('POST', 'tokens', { name: 'a', expiresAt: 1 }), 400, 'invalid_params')
    expectCode(
      await send('POST', 'tokens', { name: 'a', grants: { scopes } }),
      ...([400, 'invalid_params'] as const),
    )
    expect((await send('GET', 'tokens')).body).toEqual({ tokens: [] })
  })
})

describe('a token that its maker chose', () => {
  const register = (tenant: string, keyId = '0a0b0c0d') =>
    `hearth_${tenant}_${keyId}_${'7'.repeat(64)}`

  test('can be registered again, and is audited when something changed', async () => {
    const { createToken, actions } = await createTenant(worker, 'given')
    const token = register('given')
    await createToken({ name: 'a', token })

    expect((await createToken({ name: 'a', token })).token).toBe(token)
    const changed = await createToken({ name: 'b', grants: { scopes: ['run'] }, token })

    expect(changed.info).toMatchObject({ name: 'b', grants: { scopes: ['run'] } })
    expect(await isAccepted(worker, token)).toBe(true)
    expect((await actions()).slice(0, 2)).toEqual([
      'token.change 0a0b0c0d',
      'token.create 0a0b0c0d',
    ])
  })

  test('of another tenant is refused', async () => {
    const { send } = await createTenant(worker, 'strict')

    const answer = await send('POST', 'tokens', { name: 'a', token: register('given') })

    expectCode(answer, 400, 'invalid_params')
    expect(answer.text).not.toContain('7777')
  })

  test('does not come back once it was revoked or rotated', async () => {
    const { createToken, rotate, send } = await createTenant(worker, 'final')
    for (const keyId of ['0a0b0c0d', '1a0b0c0d']) {
      await createToken({ name: 'a', token: register('final', keyId) })
    }
    await send('DELETE', 'tokens/0a0b0c0d')
    await rotate('1a0b0c0d', 60_000)

    for (const keyId of ['0a0b0c0d', '1a0b0c0d']) {
      const body = { name: 'a', token: register('final', keyId) }
      expectCode(await send('POST', 'tokens', body), 409, 'token_ended')
    }
  })

  test('cannot take the key id that names a principal', async () => {
    const { createToken, rotate, send } = await createTenant(worker, 'named')
    await createToken({ name: 'a', token: register('named') })
    const { info } = await rotate('0a0b0c0d', 0)
    await worker.restart({}, () =>
      editTenant(worker, hasToken(info.keyId), (database) => {
        database.exec("DELETE FROM token WHERE key_id = '0a0b0c0d'")
      }),
    )

    const again = await send('POST', 'tokens', { name: 'a', token: register('named') })

    expect(info.principal).toBe('token:0a0b0c0d')
    expectCode(again, 400, 'invalid_params')
  })
})

describe('rotation', () => {
  test('gives the same principal a new token, and the old one an end', async () => {
    const { createToken, rotate } = await createTenant(worker, 'rotating')
    const first = await createToken({ name: 'ci', grants: { scopes: ['run'] } })

    const before = Date.now()
    const second = await rotate(first.info.keyId, 60_000)

    expect(second.info).toMatchObject({
      ...{ principal: first.info.principal, name: 'ci', grants: { scopes: ['run'] } },
    })
    expect(second.old).toMatchObject({ keyId: first.info.keyId, replacedBy: second.info.keyId })
    expect(second.old.expiresAt).toBeGreaterThanOrEqual(before + 60_000)
    expect(await isAccepted(worker, first.token)).toBe(true)
    expect(await isAccepted(worker, second.token)).toBe(true)

    await worker.restart({}, () => shift(first.info.keyId, 60_000))
    expect(await isAccepted(worker, first.token)).toBe(false)
    expect(await isAccepted(worker, second.token)).toBe(true)
  })

  test('without overlap ends the old token at once', async () => {
    const { createToken, rotate } = await createTenant(worker, 'leaked')
    const { token, info } = await createToken()
    expect(await isAccepted(worker, token)).toBe(true)

    await rotate(info.keyId, 0)

    expect(await isAccepted(worker, token)).toBe(false)
  })

  test('gives as long a life as the old token had, and never lengthens that one', async () => {
    const { createToken, rotate } = await createTenant(worker, 'lives')
    const { info } = await createToken({ name: 'a', expiresAt: Date.now() + 10_000 })

    const before = Date.now()
    const { info: next, old } = await rotate(info.keyId, DAY_MS)

    expect(old.expiresAt).toBe(info.expiresAt)
    expect(next.expiresAt! - before).toBeGreaterThan(9_000)
    expect(next.expiresAt! - before).toBeLessThan(11_000)
  })

  test('happens once, also when it is asked for twice at the same time', async () => {
    const { createToken, send } = await createTenant(worker, 'twice')
    const { info } = await createToken()
    const rotate = () => send<TokenInfo>('POST', `tokens/${info.keyId}/rotate`, { overlapMs: 1 })

    const answers = await Promise.all([rotate(), rotate()])
    const third = await rotate()

    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 409])
    expectCode(third, 409, 'token_ended')
    expect(third.text).toContain('was rotated to')
  })

  test.each(['revoked', 'expired'])('of a token that has %s is refused', async (kind) => {
    const { createToken, send } = await createTenant(worker, `ended-${kind}`)
    const { info } = await createToken({ name: 'a', expiresAt: Date.now() + DAY_MS })
    if (kind === 'revoked') await send('DELETE', `tokens/${info.keyId}`)
    else await worker.restart({}, () => shift(info.keyId, DAY_MS))

    expectCode(await send('POST', `tokens/${info.keyId}/rotate`), 409, 'token_ended')
  })
})

describe('revocation', () => {
  test('ends a token, keeps its row, and may be repeated', async () => {
    const { createToken, send, info, actions } = await createTenant(worker, 'revoking')
    const made = await createToken()
    expect(await isAccepted(worker, made.token)).toBe(true)

    const first = await send<TokenInfo>('DELETE', `tokens/${made.info.keyId}`)
    const second = await send<TokenInfo>('DELETE', `tokens/${made.info.keyId}`)

    expect(first.body.revokedAt).toBeGreaterThan(0)
    expect(second.body).toEqual(first.body)
    expect(await isAccepted(worker, made.token)).toBe(false)
    expect(await info(made.info.keyId)).toEqual({ ...first.body })
    expect(await actions()).toEqual([
      `token.revoke ${made.info.keyId}`,
      `token.create ${made.info.keyId}`,
      'servers.put',
      'tenant.create',
    ])
  })

  test('of a token that is not there says so', async () => {
    const { send } = await createTenant(worker, 'empty')

    for (const keyId of ['0a0b0c0d', 'x', `hearth_empty_0a0b0c0d_${'7'.repeat(64)}`]) {
      expectCode(await send('DELETE', `tokens/${keyId}`), 404, 'token_not_found')
    }
  })

  test('is forgotten after 30 days', async () => {
    const { createToken, send, info } = await createTenant(worker, 'forgetting')
    const { info: made } = await createToken()
    await send('DELETE', `tokens/${made.keyId}`)

    await worker.restart({}, () => shift(made.keyId, 29 * DAY_MS))
    expect(await info(made.keyId)).toBeDefined()

    await worker.restart({}, () => shift(made.keyId, DAY_MS))
    expect(await info(made.keyId)).toBeUndefined()
  })
})

describe('the pepper', () => {
  test('in front is the one that tokens are hashed under when they are next used', async () => {
    const { createToken } = await createTenant(worker, 'peppered')
    const { token, info } = await createToken()
    const unused = await createToken()

    await worker.restart({ TOKEN_PEPPER: '2:other,1:pepper' })
    expect(await isAccepted(worker, token)).toBe(true)

    await worker.restart({ TOKEN_PEPPER: '2:other' }, () =>
      editTenant(worker, hasToken(info.keyId), (database) => {
        const row = database.prepare('SELECT pepper FROM token WHERE key_id = ?').get(info.keyId)
        expect(row).toEqual({ pepper: '2' })
      }),
    )
    expect(await isAccepted(worker, token)).toBe(true)
    expect(await isAccepted(worker, unused.token)).toBe(false)

    await worker.restart({ TOKEN_PEPPER: '2:another' })
    expect(await isAccepted(worker, token)).toBe(false)
    await worker.restart()
    expect(await isAccepted(worker, unused.token)).toBe(true)
  })
})

test('a tenant has at most 1,000 tokens that live, and one more once one was revoked', async () => {
  const { createToken, send } = await createTenant(worker, 'many')
  const { info } = await createToken()
  await worker.restart({}, () =>
    editTenant(worker, hasToken(info.keyId), (database) => {
      const copy = `INSERT INTO token SELECT ?, hash, pepper, principal, name, grants, created_at,
        created_by, expires_at, last_used_at, revoked_at, replaced_by FROM token WHERE key_id = ?`
      for (let at = 1; at < 1_000; at++) {
        database.prepare(copy).run(at.toString(16).padStart(8, '0'), info.keyId)
      }
    }),
  )

  expectCode(await send('POST', 'tokens', { name: 'a' }), 400, 'invalid_params')
  expectCode(await send('POST', `tokens/${info.keyId}/rotate`), 400, 'invalid_params')
  await send('DELETE', 'tokens/00000001')
  expect((await send('POST', 'tokens', { name: 'a' })).status).toBe(200)
})

/** Everything of a token happened that much earlier. */
function shift(keyId: string, byMs: number): Promise<void> {
  return editTenant(worker, hasToken(keyId), (database) => {
    for (const column of ['created_at', 'expires_at', 'revoked_at']) {
      const change = `UPDATE token SET ${column} = ${column} - ? WHERE key_id = ?`
      database.prepare(change).run(byMs, keyId)
    }
  })
}
