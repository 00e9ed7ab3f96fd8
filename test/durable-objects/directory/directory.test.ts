import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Page } from '#protocol/tenant.ts'
import { createSend, expectCode, type Send } from '../../worker/admin/send.ts'
import { EVICTABLE, startWorker, type RunningWorker } from '../../worker/start-worker.ts'

type Tenants = Page<{ name: string; createdAt: number }>

let worker: RunningWorker
let send: Send

beforeAll(async () => {
  worker = await startWorker(EVICTABLE)
  send = createSend(worker)
})

afterAll(() => worker.stop())

async function names(query = ''): Promise<string[]> {
  const { items } = (await send<Tenants>('GET', `tenants${query}`)).body
  return items.map(({ name }) => name)
}

test('tenants are listed by name, each once, in pages', async () => {
  expect(await names()).toEqual([])
  for (const name of ['c', 'a', 'e', 'b', 'a']) await send('PUT', `tenants/${name}`)
  await send('PUT', 'tenants/d/servers', {})

  expect(await names()).toEqual(['a', 'b', 'c', 'd', 'e'])
  const { body: page } = await send<Tenants>('GET', 'tenants?limit=2')
  expect(page).toMatchObject({ items: [{ name: 'a' }, { name: 'b' }], cursor: 'b' })
  await send('PUT', 'tenants/aa')
  const { body: last } = await send<Tenants>('GET', 'tenants?limit=3&cursor=b')
  expect(last.items.map(({ name }) => name)).toEqual(['c', 'd', 'e'])
  expect(last).not.toHaveProperty('cursor')
})

test('the list is the same after an eviction', async () => {
  const before = await names()

  await worker.evict('DIRECTORY', 'v1')

  expect(await names()).toEqual(before)
})

test('a tenant that was deleted is not listed, and deleting it again says that it is gone', async () => {
  await send('PUT', 'tenants/leaving')
  expect((await send('DELETE', 'tenants/leaving')).status).toBe(200)

  expect(await names()).not.toContain('leaving')
  expectCode(await send('DELETE', 'tenants/leaving'), 404, 'tenant_not_found')
})

test('a name that is none is not listed', async () => {
  expectCode(await send('PUT', 'tenants/A_b'), 404, 'tenant_not_found')

  expect(await names()).not.toContain('A_b')
})

test.each(['?limit=0', '?limit=1001', '?limit=x', '?page=2'])('%s is refused', async (query) => {
  expectCode(await send('GET', `tenants${query}`), 400, 'invalid_params')
})
