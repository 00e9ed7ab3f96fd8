/** A failed start is known for as long as it lasts: to the next object, too, and no longer. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fixture, targetOf } from '#test/support/fixture-server.ts'
import { startGateway, type Gateway } from '#test/support/gateway.ts'
import { initialize, sendInitialize } from '#test/support/http-client.ts'
import { waitUntil } from '#test/support/processes.ts'

interface ServerStatus {
  name: string
  ready: boolean
  error?: string
  output?: string[]
}

const [echo = ''] = fixture('echo').args ?? []

/** As it is written in the configuration. */
const TOKEN = 'ghp_0123456789abcdefghij'

let gateway: Gateway
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hearth-kept-'))
  const script = `import { existsSync } from 'node:fs'
if (!existsSync(${JSON.stringify(join(folder, 'key'))})) { console.error('API_KEY is not set'); process.exit(1) }
await import(${JSON.stringify(echo)})`
  await writeFile(join(folder, 'server.mjs'), script)
  gateway = await startGateway({
    servers: {
      good: fixture('echo'),
      refusing: fixture('refuses-its-secret', { env: { GIVEN: TOKEN } }),
      broken: { command: process.execPath, args: [join(folder, 'server.mjs')], warm: 1 },
    },
  })
})

afterAll(async () => {
  await gateway?.stop()
  await rm(folder, { recursive: true, force: true })
})

async function statusOf(name: string): Promise<ServerStatus | undefined> {
  const { servers } = await gateway.admin<{ servers: ServerStatus[] }>('GET', 'status')
  return servers.find((server) => server.name === name)
}

const isTold = async (): Promise<boolean> => (await statusOf('broken'))?.error !== undefined
const lines = (): string[] =>
  gateway.logs.filter(
    (line) => line.includes('server_start_failed') && line.includes('"server":"broken"'),
  )

test('a new object asks what is so before it says how its servers are', async () => {
  await waitUntil(isTold, 'the first object was not told')
  await gateway.evictServerHost()

  const [broken, good] = [await statusOf('broken'), await statusOf('good')]

  expect(broken).toMatchObject({ ready: false, output: ['API_KEY is not set'] })
  expect(good).toMatchObject({ ready: true, processes: expect.any(Number) })
})

test('a new object is told of it with its first connection', async () => {
  await waitUntil(isTold, 'the first object was not told')
  await gateway.evictServerHost()

  await initialize(targetOf(gateway, 'good'))

  await waitUntil(isTold, 'the new object was not told')
  expect(await statusOf('broken')).toMatchObject({
    ready: false,
    error: expect.stringContaining('API_KEY is not set'),
    output: ['API_KEY is not set'],
  })
})

test('the log names the server once, however often it is tried', async () => {
  await sendInitialize(targetOf(gateway, 'broken'))
  await sendInitialize(targetOf(gateway, 'broken'))

  await waitUntil(() => lines().length > 0, 'no line')
  expect(lines().map((line) => JSON.parse(line))).toEqual([
    expect.objectContaining({ server: 'broken', output: ['API_KEY is not set'] }),
  ])
})

test('it is over with the first process that answers', async () => {
  await writeFile(join(folder, 'key'), '')
  const comesUp = async (): Promise<boolean> =>
    (await sendInitialize(targetOf(gateway, 'broken'))).message.result !== undefined

  await waitUntil(comesUp, 'it did not come up', 40_000)

  await waitUntil(async () => !(await isTold()), 'the failure is still told')
  expect(await statusOf('broken')).toMatchObject({ ready: true })
})

test('a server that refuses to begin does not tell the credential that it quotes', async () => {
  const told = JSON.stringify([await sendInitialize(targetOf(gateway, 'refusing'))])

  expect(told).toContain('not a valid token: [redacted]')
  expect(JSON.stringify(await statusOf('refusing'))).not.toContain(TOKEN)
  expect((await gateway.allLogs()).join()).not.toContain(TOKEN)
})
