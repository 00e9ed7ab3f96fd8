/** Two tenants side by side: each endpoint and each admin route, against each kind of credential. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { AuditEvent, Page } from '#protocol/tenant.ts'
import { within } from '#test/support/event-reader.ts'
import { ADMIN_ENDPOINTS, ROUTES, ROWS_BY_OPERATION } from './admin-routes.ts'
import { findCanaries } from './canaries.ts'
import { expectedAt, isForgotten, runCell, type Cell } from './cell.ts'
import { ENDPOINTS } from './endpoints.ts'
import type { Endpoint } from './endpoint.ts'
import { CREDENTIAL_NAMES, CREDENTIALS } from './expected.ts'
import { PRINCIPAL, type TenantName } from './tenant.ts'
import { otherOf, startWorld, type World } from './world.ts'

const TENANTS = ['alpha', 'beta'] as const
let world: World
let cells = 0

beforeAll(async () => {
  world = await startWorld()
})

afterAll(() => world?.stop())

const rowOf = (endpoint: Endpoint, tenant: TenantName): Cell[] =>
  CREDENTIAL_NAMES.map((credential) => ({ world, endpoint, tenant, credential }))
const named = (endpoints: Endpoint[]) =>
  endpoints.map((endpoint) => [endpoint.name, endpoint] as const)

/** All at once, and compared as a whole: a failure shows each cell of the row. */
async function runCells(row: Cell[]): Promise<void> {
  const answers = await Promise.all(row.map(runCell))
  cells += row.length
  const told = row.map(({ credential }, n) => [credential, answers[n]?.outcome])
  const expected = row.map((cell) => [cell.credential, expectedAt(cell)])

  expect(Object.fromEntries(told)).toEqual(Object.fromEntries(expected))
  expect(answers.flatMap(({ problems }) => problems)).toEqual([])
}

/** Of both tenants: each change is in the audit log. */
async function readChanges(): Promise<AuditEvent[]> {
  const pages = TENANTS.map((tenant) =>
    world.operator<Page<AuditEvent>>('GET', `tenants/${tenant}/audit?limit=1000`),
  )
  const events = (await Promise.all(pages)).flatMap(({ items }) => items)
  return events.filter(({ outcome }) => outcome === 'ok')
}

test('every admin route has a row', () => {
  expect([...ROWS_BY_OPERATION].toSorted()).toEqual([...ROUTES.keys()].toSorted())
})

describe.each(TENANTS)('of %s', (tenant) => {
  test.each(named(ENDPOINTS))('%s', (_, endpoint) => runCells(rowOf(endpoint, tenant)))

  test.each(named(ADMIN_ENDPOINTS))('%s', async (_, endpoint) => {
    const row = rowOf(endpoint, tenant)
    const before = await readChanges()
    await runCells(row.filter((cell) => expectedAt(cell) !== '200'))

    expect(await readChanges()).toEqual(before)
    await runCells(row.filter((cell) => expectedAt(cell) === '200'))
  })
})

test.each(TENANTS)(
  'the audit log of %s knows its own principals and the operator',
  async (tenant) => {
    const { gateway, tenants, canaries } = world
    const { tokens, text } = tenants[tenant]
    const headers = { Authorization: `Bearer ${tokens.own}` }
    const url = `${gateway.url}/admin/tenants/${tenant}/audit?format=jsonl`
    const lines = await (await fetch(url, { headers })).text()
    const events = lines
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as AuditEvent)

    const issuers = [text('issuer-name'), 'idp', 'app']
    const own = [
      ...['operator', PRINCIPAL],
      ...[tokens.visitor, tokens.empty].map(({ info }) => `token:${info.keyId}`),
      ...issuers.map((name) => `jwt:${name}:${text('subject')}`),
    ]
    expect([...new Set(events.map(({ actor }) => actor.by))].toSorted()).toEqual(own.toSorted())
    expect(findCanaries(lines, canaries[otherOf(tenant)])).toEqual([])
  },
)

test.each(TENANTS)('the streams of %s were told its own, each what it asked', (tenant) => {
  const foreign = world.canaries[otherOf(tenant)]

  for (const [credential, { messages }] of Object.entries(world.streams[tenant])) {
    const told = JSON.stringify(messages)
    expect(findCanaries(told, foreign)).toEqual([])
    expect(told).toContain(world.tenants[tenant].text('tool'))
    // Beside initialize a list and a call, by each path that takes the credential.
    const asked = credential === 'own token' ? 4 : 2
    expect(messages.filter(({ id }) => id !== undefined)).toHaveLength(1 + asked)
  }
})

test('every cell was run', () => {
  const rows = ENDPOINTS.length + ADMIN_ENDPOINTS.length

  expect(cells).toBe(rows * CREDENTIAL_NAMES.length * TENANTS.length)
})

describe('when alpha is deleted', () => {
  const cellsOf = (tenant: TenantName, endpoints: Endpoint[]): Cell[] =>
    endpoints.flatMap((endpoint) => rowOf(endpoint, tenant))

  test('its credentials get what a tenant that never was would answer them', async () => {
    await world.operator('DELETE', 'tenants/alpha')
    const asked = cellsOf('alpha', [...ENDPOINTS, ...ADMIN_ENDPOINTS]).filter(
      ({ endpoint: { form }, credential }) =>
        (form === 'tenant' || form === 'admin') && CREDENTIALS[credential].holder === 'own',
    )
    const isForgottenAt = await Promise.all(asked.map(isForgotten))

    await Promise.all(Object.values(world.streams.alpha).map(({ ended }) => within(ended)))
    const remembered = asked.filter((_, n) => isForgottenAt[n] !== true)
    expect(remembered.map(({ endpoint, credential }) => [endpoint.name, credential])).toEqual([])
  })

  test('beta goes on', async () => {
    const row = cellsOf('beta', ENDPOINTS).filter(({ credential }) => credential === 'own token')
    const answers: Awaited<ReturnType<typeof runCell>>[] = []
    // In one session, whose requests have one id.
    for (const cell of row) answers.push(await runCell(cell))

    expect(answers.map(({ outcome }) => outcome)).toEqual(row.map(expectedAt))
    expect(answers.flatMap(({ problems }) => problems)).toEqual([])
  })
})

test('no log line holds a secret, a token or a JWT', async () => {
  const logs = (await world.gateway.allLogs()).join('\n')
  const secrets = TENANTS.flatMap((name) => world.canaries[name]).filter(({ isSecret }) => isSecret)

  expect(logs).toContain('"method":"tools/call"')
  expect(world.gateway.logs.length).toBeLessThan(20_000)
  expect(findCanaries(logs, secrets)).toEqual([])
})
