/** The Durable Object goes: whose the processes are that served clients without a session, and those of all. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { issue } from '#test/e2e/access/issue.ts'
import { fixture, targetOf } from '#test/support/fixture-server.ts'
import { startGateway, type Gateway } from '#test/support/gateway.ts'
import { initialize, ModernClient, readTool, type Answer } from '#test/support/http-client.ts'
import { within } from '#test/support/event-reader.ts'
import { childrenOf, waitUntil } from '#test/support/processes.ts'

interface Page {
  pid: number
  page: string | null
}

/** What waits for a process that never serves waits for a minute. */
const SOON_MS = 20_000

let gateway: Gateway
let folder: string
let gate: string
let others: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hearth-adopted-'))
  gate = join(folder, 'gate')
  await writeFile(gate, '')
  gateway = await startGateway({
    servers: {
      browser: fixture('keeps-page'),
      narrow: fixture('keeps-page', { maxProcesses: 1 }),
      shared: fixture('keeps-page', { sharing: 'shared' }),
      gated: fixture('begins-when-told', { env: { GATE: gate } }),
    },
  })
  others = (await issue(gateway, { scopes: ['*'] })).token
})

afterAll(async () => {
  await gateway?.stop()
  await rm(folder, { recursive: true, force: true })
})

const clientOf = (server: string, name?: string, more = {}): ModernClient =>
  new ModernClient({ ...targetOf(gateway, server), ...more }, {}, name)
const open = async (client: ModernClient, url: string): Promise<Page> =>
  readTool<Page>(await client.call('open', { url }))
const pageOf = async (client: { call: (name: string) => Promise<Answer> }): Promise<Page> =>
  readTool<Page>(await client.call('page'))

describe('after an eviction', () => {
  test('each client without a session has its process, and nobody else’s', async () => {
    const clients = [
      clientOf('browser', 'editor'),
      clientOf('browser', 'shell'),
      clientOf('browser', 'editor', { token: others }),
    ]
    const opened = await Promise.all(clients.map((client, at) => open(client, `page ${at}`)))
    await gateway.evictServerHost()

    expect(await Promise.all(clients.map(pageOf))).toMatchObject(opened)
    expect(await pageOf(clientOf('browser', 'stranger'))).toMatchObject({ page: null })
  })

  test('a process that its client left behind gives way to another one’s', async () => {
    const { pid } = await open(clientOf('narrow', 'first'), 'mine')
    await gateway.evictServerHost()
    await waitUntil(async () => {
      const { message } = await clientOf('narrow', 'second').call('page')
      return message.result !== undefined && readTool<Page>({ message }).pid !== pid
    }, 'the place is never given away')
  })

  test('a shared server goes on with its process, whoever calls', async () => {
    const [client, session] = [clientOf('shared'), await initialize(targetOf(gateway, 'shared'))]
    const opened = await open(client, 'everyone’s')
    await gateway.evictServerHost()

    expect(await pageOf(session)).toMatchObject(opened)
    expect(await pageOf(client)).toMatchObject(opened)
  })

  test('a process is found again after the next one, too', async () => {
    const client = clientOf('browser', 'twice')
    const opened = await open(client, 'still here')
    for (let times = 0; times < 2; times++) {
      await gateway.evictServerHost()
      expect(await pageOf(client)).toMatchObject(opened)
    }
  })
})

describe('a process that was being brought up when its object went', () => {
  const gated = (): number[] => childrenOf(gateway.hostProgramPid, 'begins-when-told')

  test('serves no client without a session', { timeout: SOON_MS * 2 }, async () => {
    await writeFile(gate, '')
    await clientOf('gated', 'first').call('tell')
    await rm(gate)
    const known = gated()
    const lost = clientOf('gated', 'second').call('tell')
    lost.catch(() => undefined) // its object is gone
    await waitUntil(() => gated().some((pid) => !known.includes(pid)), 'no process is started')
    await gateway.evictServerHost()
    const answer = clientOf('gated', 'second').call('tell')
    await writeFile(gate, '')

    expect(readTool(await within(answer, SOON_MS))).toBe(true)
  })

  test('serves no session', { timeout: SOON_MS * 2 }, async () => {
    await writeFile(gate, '')
    const client = await initialize(targetOf(gateway, 'gated'))
    const before = gated()
    await client.call('tell')
    await rm(gate)
    for (const pid of before) process.kill(pid, 'SIGKILL')
    await waitUntil(() => !gated().some((pid) => before.includes(pid)), 'a killed process lives')
    client.call('tell').catch(() => undefined) // its object is gone
    await waitUntil(() => gated().length > 0, 'no process is started')
    await gateway.evictServerHost()
    const answer = client.call('tell')
    await writeFile(gate, '')

    expect(readTool(await within(answer, SOON_MS))).toBe(true)
  })
})
