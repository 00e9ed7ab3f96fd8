/** Large answers that nobody reads: what they cost the gateway, and who loses one. */
import { connect, type Socket } from 'node:net'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { issue } from '#test/e2e/access/issue.ts'
import { fixture, targetOf } from '#test/support/fixture-server.ts'
import { startGateway, type Gateway } from '#test/support/gateway.ts'
import { ModernClient, readTool } from '#test/support/http-client.ts'
import { residentBytes, workerdPid } from '#test/support/memory.ts'
import { waitUntil } from '#test/support/processes.ts'

const UNREAD = 24
const ANSWER_BYTES = 20_000_000
/** More than are within the bound: some megabytes of each are in buffers of the system. */
const KEPT = 8
/** Half of what so many unread answers take. */
const MAX_GROWTH_BYTES = (UNREAD * ANSWER_BYTES) / 2
const ENDED_MS = 30_000

let gateway: Gateway
let others: string
const sockets: Socket[] = []

beforeAll(async () => {
  gateway = await startGateway({
    servers: { long: fixture('answers-at-length', { timeoutMs: 30_000 }) },
  })
  others = (await issue(gateway, { scopes: ['*'] })).token
})

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy()
})

afterAll(async () => {
  await gateway?.stop()
})

interface Asking {
  /** The client's name: each has a process of its own. */
  name: string
  token: string
  takes: string
}

interface Unread {
  /** Reads the rest; resolves with all that came. */
  read: () => Promise<Buffer>
}

/** Asks, and reads nothing. Resolves when its answer has begun. */
async function ask({ name, token, takes }: Asking): Promise<Unread> {
  const target = { ...targetOf(gateway, 'long'), token }
  const { headers, body } = new ModernClient(target, {}, name).compose('tools/call', {
    name: 'fill',
    arguments: { bytes: ANSWER_BYTES },
  })
  const { hostname, port, pathname, host } = new URL(target.url)
  const all = {
    ...headers,
    ...{ Host: host, Authorization: `Bearer ${token}`, Accept: takes, Connection: 'close' },
    ...{ 'Content-Type': 'application/json', 'Content-Length': String(Buffer.byteLength(body)) },
  }
  const head = Object.entries(all).map(([key, value]) => `${key}: ${value}\r\n`)
  const socket = connect(Number(port), hostname)
  sockets.push(socket)
  socket.on('error', () => undefined) // it is ended in the middle
  socket.write(`POST ${pathname} HTTP/1.1\r\n${head.join('')}\r\n${body}`)
  await new Promise((resolve) => socket.once('readable', resolve))
  const read = async (): Promise<Buffer> => {
    const chunks: Buffer[] = []
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    await new Promise((resolve) => socket.once('close', resolve))
    return Buffer.concat(chunks)
  }
  return { read }
}

/** Asks one after the other: what is on its way at once is bounded elsewhere. */
async function askAll(takes: string): Promise<Unread[]> {
  const all: Unread[] = []
  for (let at = 0; at < UNREAD; at++) {
    all.push(await ask({ name: `client ${at % 4}`, token: gateway.token, takes }))
  }
  return all
}

const cutLines = (): number =>
  gateway.logs.filter((line) => line.includes('client_too_slow')).length

test.each([
  { kind: 'answers', takes: 'application/json, text/event-stream' },
  { kind: 'event streams', takes: 'text/event-stream' },
])(
  '$kind that are not read cost a bounded memory, and no other principal’s',
  { timeout: 240_000 },
  async ({ takes }) => {
    const other = await ask({ name: 'other', token: others, takes })
    const known = cutLines()
    // The first ones bring the heap to its working size.
    const first = await askAll(takes)
    const before = residentBytes(workerdPid())
    const second = await askAll(takes)
    const isOver = () => cutLines() - known >= 2 * UNREAD - KEPT
    await waitUntil(isOver, 'what is not read is held', ENDED_MS)
    const growth = () => residentBytes(workerdPid()) - before
    await waitUntil(() => growth() < MAX_GROWTH_BYTES, 'memory is not given back', ENDED_MS)

    expect((await other.read()).length).toBeGreaterThan(ANSWER_BYTES)
    const lengths = await Promise.all(
      [...first, ...second].map(async ({ read }) => (await read()).length),
    )
    const whole = lengths.filter((length) => length > ANSWER_BYTES)
    expect(whole.length).toBeGreaterThan(0)
    expect(whole.length).toBeLessThanOrEqual(KEPT)
  },
)

test('clients that read have their answers, however many at once', async () => {
  const clients = Array.from({ length: 8 }, (_, at) => {
    return new ModernClient(targetOf(gateway, 'long'), {}, `reader ${at}`)
  })
  const answers = await Promise.all(clients.map((c) => c.call('fill', { bytes: ANSWER_BYTES })))
  for (const answer of answers) expect(readTool<string>(answer).length).toBe(ANSWER_BYTES / 2)
}, 120_000)
