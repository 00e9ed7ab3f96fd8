import { expect, test } from 'vitest'
import { decide, isChange } from '#worker/admin/permissions.ts'
import { VERDICT } from '../fake-deps.ts'

function principal(...scopes: string[]) {
  return { isOperator: false as const, verdict: { ...VERDICT, grants: { scopes } } }
}

const allowed = { isAllowed: true }
const unknown = { isAllowed: false, code: 'tenant_not_found' }

test('the operator may do everything', () => {
  expect(decide({ isOperator: true }, { action: 'tenant.delete', tenant: 'acme' })).toEqual(allowed)
})

test('a part of admin is for that part, and admin for each', () => {
  const attempt = { action: 'server.put', tenant: 'acme' } as const

  expect(decide(principal('admin:servers'), attempt)).toEqual(allowed)
  expect(decide(principal('admin'), attempt)).toEqual(allowed)
  expect(decide(principal('*', 'run', 'secrets', 'admin:tokens', 'servers:*'), attempt)).toEqual({
    ...{ isAllowed: false, code: 'forbidden', scopes: ['admin:servers'] },
  })
})

test.each(['limits.put', 'issuers.get', 'issuers.put', 'tenant.create', 'tenant.delete'] as const)(
  '%s is the operator’s alone, and no scope helps',
  (action) => {
    const decision = decide(principal('admin', '*', action), { action, tenant: 'acme' })

    expect(decision).toEqual({ isAllowed: false, code: 'forbidden' })
  },
)

test('another tenant is as unknown as one that nobody has, whatever is asked', () => {
  for (const action of ['servers.get', 'tenant.delete', 'audit.get'] as const) {
    for (const tenant of ['other', 'nobody', '', 'acme%20', 'ACME']) {
      expect(decide(principal('admin'), { action, tenant })).toEqual(unknown)
    }
  }
})

test('one’s own secrets need less than those of others', () => {
  const own = { action: 'secret.put', tenant: 'acme', principal: VERDICT.principal } as const
  const others = { ...own, principal: 'token:99999999' }

  expect(decide(principal('secrets'), own)).toEqual(allowed)
  expect(decide(principal('admin:secrets'), own)).toEqual(allowed)
  expect(decide(principal('secrets'), others)).toMatchObject({ scopes: ['admin:secrets'] })
  expect(decide(principal('admin:secrets'), others)).toEqual(allowed)
  expect(decide(principal('secrets'), { action: 'secret.put', tenant: 'acme' })).toMatchObject({
    isAllowed: false,
  })
  expect(decide(principal('secrets'), { ...own, tenant: 'other' })).toEqual(unknown)
})

test('what only reads is known from its name', () => {
  expect(isChange('tenants.list')).toBe(false)
  expect(isChange('audit.get')).toBe(false)
  expect(isChange('token.rotate')).toBe(true)
})
