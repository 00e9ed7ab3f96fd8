/** What an object proves itself with to the host program in its container, over the object's own end. */
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fixture, targetOf } from '#test/support/fixture-server.ts'
import { startGateway, type Gateway } from '#test/support/gateway.ts'
import { initialize } from '#test/support/http-client.ts'

const ENTRY = join(import.meta.dirname, '../../fixtures/container-worker.mjs')

let gateway: Gateway

beforeAll(async () => {
  const servers = { remembers: fixture('remembers-interest') }
  gateway = await startGateway({ servers, warm: false, workerEntry: ENTRY })
})

afterAll(() => gateway?.stop())

async function ask<T>(query: string): Promise<T> {
  return (await (await fetch(`${gateway.url}/?${query}`)).json()) as T
}

test('an object that is replaced knows the secret of the container that runs on', async () => {
  const client = await initialize(targetOf(gateway, 'remembers'))
  const [secret, ...others] = await ask<string[]>('starts')

  await ask('reset')

  expect((await client.call('any')).status).toBe(200)
  expect(others).toEqual([])
  expect(secret).toMatch(/^[0-9a-f]{64}$/)
  expect(await ask('starts')).toEqual([secret])
})

test('a container whose secret nobody knows is stopped, and the next one has another', async () => {
  const client = await initialize(targetOf(gateway, 'remembers'))
  const before = await ask<string[]>('starts')

  await ask('reset&forget')

  expect((await client.call('any')).status).toBe(200)
  const after = await ask<string[]>('starts')
  expect(after).toHaveLength(before.length + 1)
  expect(new Set(after).size).toBe(after.length)
})

test('no secret is in the log', async () => {
  const logs = await gateway.allLogs()
  for (const secret of await ask<string[]>('starts')) {
    expect(logs.filter((line) => line.includes(secret))).toEqual([])
  }
})
