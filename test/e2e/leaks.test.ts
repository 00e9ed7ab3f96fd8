/** A thousand clients that come and go in every way: what is left of them afterwards. */
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { targetOf } from '#test/support/fixture-server.ts'
import { startGateway, type Gateway } from '#test/support/gateway.ts'
import {
  initialize,
  ModernClient,
  send,
  sendInitialize,
  type Target,
} from '#test/support/http-client.ts'
import { residentBytes, workerdPid } from '#test/support/memory.ts'
import { childrenOf, waitUntil } from '#test/support/processes.ts'

const VISITS = 1_000
/** Code, caches and what the heaps keep before they collect it grow at first; then it must end. */
const WARM_UP_VISITS = 1_400
const MAX_BATCHES = 10
/** In a row: one may be calm by chance, as a heap is collected. */
const CALM_BATCHES = 2
const AT_ONCE = 8
/** Also how long a call may take: a call in flight keeps its process. */
const IDLE_MS = 1_000
const SPARES = 2
/** What a thousand clients may leave behind: 12 KiB each. */
const MAX_GROWTH_BYTES = 12 * 1024 * 1024

const SERVER = fileURLToPath(new URL('../fixtures/servers/starts-fast.sh', import.meta.url))

let gateway: Gateway
let target: Target

beforeAll(async () => {
  const limits = { idleTimeoutMs: IDLE_MS, timeoutMs: IDLE_MS, warm: SPARES, maxProcesses: 250 }
  // The last visits of a batch leave ten and more calls that all time out: enough to open a breaker.
  const resilience = { breaker: false } as const
  gateway = await startGateway({
    logLevel: 'error',
    servers: { fast: { command: 'sh', args: [SERVER], ...limits, resilience } },
  })
  target = targetOf(gateway, 'fast')
})

afterAll(() => gateway?.stop())

/** Every way to leave, one client each. */
const VISIT_KINDS: (() => Promise<unknown>)[] = [
  async function deletesItsSession() {
    const client = await initialize(target)
    await client.request('tools/list')
    await client.delete()
  },
  async function leavesItsSession() {
    const client = await initialize(target)
    await client.request('tools/list')
  },
  async function neverInitialises() {
    await sendInitialize(target)
  },
  async function abandonsItsStream() {
    const client = await initialize(target)
    const stream = await client.stream()
    stream.disconnect()
  },
  async function vanishesInMidCall() {
    const client = await initialize(target)
    await vanish(client.headers, { jsonrpc: '2.0', id: 1, method: 'tools/call', params: {} })
  },
  async function vanishesFromInitialize() {
    const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: {} }
    await vanish({}, { jsonrpc: '2.0', id: 1, method: 'initialize', params })
  },
  async function vanishesFromModernCall() {
    const call = { name: 'hold', arguments: {} }
    const { headers, body } = new ModernClient(target).compose('tools/call', call)
    await vanish(headers, body)
  },
  async function listsWithoutSession() {
    await new ModernClient(target).request('tools/list')
  },
]

/** Sends and is gone as soon as the request has left. */
async function vanish(headers: Record<string, string>, body: object | string): Promise<void> {
  const abort = new AbortController()
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const sent = new ReadableStream<Uint8Array>({
    pull(controller) {
      controller.enqueue(new TextEncoder().encode(text))
      controller.close()
      setImmediate(() => abort.abort())
    },
  })
  await send(target, 'POST', headers, sent, abort.signal).catch(() => {}) // gone before the answer
}

async function visitMany(count: number): Promise<void> {
  let next = 0
  const walk = async (): Promise<void> => {
    while (next < count) await VISIT_KINDS[next++ % VISIT_KINDS.length]?.()
  }
  await Promise.all(Array.from({ length: AT_ONCE }, walk))
}

const processes = (): number[] => childrenOf(gateway.hostProgramPid, 'starts-fast')

async function rest(): Promise<{ workerd: number; host: number }> {
  const isAtRest = (): boolean => processes().length === SPARES
  await waitUntil(isAtRest, 'not only the spares are left', 20_000)
  return { workerd: residentBytes(workerdPid()), host: residentBytes(gateway.hostProgramPid) }
}

test('after a thousand clients the spares alone are left, and no more memory is held', async () => {
  await visitMany(WARM_UP_VISITS)
  let before = await rest()
  const growths: number[][] = []
  do {
    await visitMany(VISITS)
    const after = await rest()
    growths.push([after.workerd - before.workerd, after.host - before.host])
    before = after
  } while (!isCalm(growths) && growths.length < MAX_BATCHES)

  expect(isCalm(growths), `growth of each batch: ${growths.join(' | ')}`).toBe(true)
}, 300_000)

function isCalm(growths: number[][]): boolean {
  const last = growths.slice(-CALM_BATCHES)
  return last.length === CALM_BATCHES && last.flat().every((growth) => growth < MAX_GROWTH_BYTES)
}

test('a stream that stays open keeps no process, and the session goes on', async () => {
  const client = await initialize(target)
  const stream = await client.stream()
  await waitUntil(() => processes().length === SPARES + 1, 'the spare was not replaced')
  await waitUntil(() => processes().length === SPARES, 'the stream keeps its process')

  expect((await client.request('tools/list')).message.result).toEqual({ tools: [] })
  stream.disconnect()
})
