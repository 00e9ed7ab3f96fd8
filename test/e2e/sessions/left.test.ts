/** How soon it is noticed that a client has gone while its call runs, with nothing shortened for the test. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fixture, targetOf } from '#test/support/fixture-server.ts'
import { startGateway, type Gateway } from '#test/support/gateway.ts'
import { ModernClient, send, type Target } from '#test/support/http-client.ts'
import { Notes } from '#test/support/notes.ts'
import { waitUntilGone } from '#test/support/processes.ts'
import { connectSSE } from '#test/support/sse-client.ts'

interface Note {
  pid: number
  id?: unknown
  method: string
  params?: { requestId?: unknown; arguments?: { key?: string } }
}

/** docs/transports.md says so. */
const NOTICED_MS = 3_000
const DEADLINE_MS = 40_000

const notes = new Notes<Note>()

let gateway: Gateway

beforeAll(async () => {
  gateway = await startGateway({
    servers: {
      holds: fixture('holds-calls', { env: { NOTES: notes.file }, maxProcesses: 20 }),
      'holds-modern': fixture('holds-calls-modern', { env: { NOTES: notes.file } }),
    },
  })
})

afterAll(async () => {
  await gateway?.stop()
  notes.remove()
})

const atCatalog = (): Target => ({ ...targetOf(gateway, ''), url: `${gateway.url}/mcp` })
const places: [string, () => Target, string][] = [
  ['a legacy server', () => targetOf(gateway, 'holds'), 'hold'],
  ['a modern server', () => targetOf(gateway, 'holds-modern'), 'hold'],
  ['a legacy server at /mcp', atCatalog, 'holds__hold'],
  ['a modern server at /mcp', atCatalog, 'holds-modern__hold'],
]

test.each(places)(
  'a modern client that leaves at once gives %s its cancellation',
  async (_, at, name) => {
    const abort = new AbortController()
    const { call } = begin(at(), name, abort.signal)
    const begun = await call

    await expectNoticed(begun, () => abort.abort())
  },
)

test.each(places)(
  'a modern client that closes its stream gives %s its cancellation',
  async (_, at, name) => {
    const abort = new AbortController()
    const { call, response } = begin(at(), name, abort.signal)
    const begun = await call
    await response

    await expectNoticed(begun, () => abort.abort())
  },
)

test('a client of HTTP+SSE that leaves in a call ends its session, and its process', async () => {
  const { url, token } = targetOf(gateway, 'holds')
  const client = await connectSSE({ url: url.replace('/mcp/', '/sse/'), token })
  const key = crypto.randomUUID()
  await client.begin('tools/call', { name: 'hold', arguments: { key } })
  const { pid } = await notes.first(({ params }) => params?.arguments?.key === key)

  const left = Date.now()
  client.leave()
  await waitUntilGone(pid, DEADLINE_MS)
  expect(Date.now() - left).toBeLessThan(NOTICED_MS)
})

/** A call that is not answered; `call` resolves when its process has it. */
function begin(target: Target, name: string, signal: AbortSignal) {
  const key = crypto.randomUUID()
  const call = { name, arguments: { key } }
  const { headers, body } = new ModernClient(target).compose('tools/call', call)
  const response = send(target, 'POST', headers, body, signal)
  response.catch(() => undefined)
  return { call: notes.first(({ params }) => params?.arguments?.key === key), response }
}

async function expectNoticed(begun: Note, leave: () => void): Promise<void> {
  const left = Date.now()
  leave()
  const told = ({ pid, method, params }: Note): boolean =>
    pid === begun.pid && method === 'notifications/cancelled' && params?.requestId === begun.id
  await notes.first(told, DEADLINE_MS)
  expect(Date.now() - left).toBeLessThan(NOTICED_MS)
}
