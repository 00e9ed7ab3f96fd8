/** The same rules for a remote server: one that fails some of its requests, or is not there. */
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { targetOf } from '#test/support/fixture-server.ts'
import { startGateway, type Gateway } from '#test/support/gateway.ts'
import { initialize, readTool, type LegacyClient } from '#test/support/http-client.ts'
import { codeOf, statusOf } from './orders.ts'

interface Message {
  id?: number | string
  method: string
  params?: { protocolVersion?: string; name?: string }
}

const FAILURES = 3
const OPEN_MS = 60_000
const tools = ['work', 'work_safe'].map((name) => {
  const annotations = { readOnlyHint: name === 'work_safe' }
  return { name, inputSchema: { type: 'object' }, annotations }
})

/** Requests that get a 503 from now on. */
let failing = 0
let ran: string[] = []
let remote: Server
let gateway: Gateway
let client: LegacyClient

beforeAll(async () => {
  remote = createServer((request, response) => {
    void read(request).then((message) => {
      const body = answer(message)
      response.writeHead(body === undefined ? 202 : body === 503 ? 503 : 200, {
        'content-type': 'application/json',
      })
      response.end(typeof body === 'object' ? JSON.stringify(body) : undefined)
    })
  }).listen(0, '127.0.0.1')
  await once(remote, 'listening')
  const { port } = remote.address() as AddressInfo
  const breaker = { consecutiveFailures: FAILURES, openMs: OPEN_MS }
  const flaky = {
    ...{ url: `http://127.0.0.1:${port}/mcp`, allowPrivate: true },
    resilience: { breaker, retries: { baseMs: 10 } },
  }
  gateway = await startGateway({ warm: false, servers: { flaky } })
  client = await initialize(targetOf(gateway, 'flaky'))
})

afterAll(async () => {
  await gateway?.stop()
  remote?.close()
  remote?.closeAllConnections()
})

beforeEach(() => {
  failing = 0
  ran = []
})

async function read(request: IncomingMessage): Promise<Message> {
  let text = ''
  for await (const chunk of request) text += String(chunk)
  return text === '' ? { method: request.method ?? '' } : (JSON.parse(text) as Message)
}

function answer({ id, method, params }: Message): object | 503 | undefined {
  if (id === undefined) return undefined
  ran.push(params?.name ?? method)
  if (failing > 0 && method !== 'ping') {
    failing--
    return 503
  }
  const { protocolVersion } = params ?? {}
  const serverInfo = { name: 'flaky', version: '1.0.0' }
  const results: Record<string, object> = {
    initialize: { protocolVersion, capabilities: { tools: {} }, serverInfo },
    'tools/list': { tools },
    'tools/call': { content: [{ type: 'text', text: '{"done":true}' }] },
  }
  const result = results[method]
  const error = { code: -32601, message: 'unknown' }
  return { jsonrpc: '2.0', id, ...(result === undefined ? { error } : { result }) }
}

const timesRun = (what: string): number => ran.filter((one) => one === what).length

test('a list that fails once is asked for again', async () => {
  failing = 1
  const { message } = await client.request('tools/list')

  expect(message.result).toEqual({ tools })
  expect(timesRun('tools/list')).toBe(2)
})

test('a tool that says it is safe is called again, and another is not', async () => {
  failing = 1
  expect(readTool(await client.call('work_safe'))).toEqual({ done: true })
  expect(timesRun('work_safe')).toBe(2)

  failing = 1
  expect(codeOf(await client.call('work'))).toBe('remote_failed')
  expect(timesRun('work')).toBe(1)
  failing = 0
  expect(readTool(await client.call('work'))).toEqual({ done: true })
})

test('its breaker opens, and nothing is sent to it then', async () => {
  failing = 100
  const codes = []
  for (let n = 0; n <= FAILURES; n++) codes.push(codeOf(await client.call('work')))

  expect(codes).toEqual([...Array<string>(FAILURES).fill('remote_failed'), 'server_unavailable'])
  expect(timesRun('work')).toBe(FAILURES)
  expect((await statusOf(gateway, 'flaky')).resilience).toMatchObject({
    ...{ health: 'unhealthy', lastFailure: { code: 'remote_failed' } },
    breaker: { state: 'open' },
  })
})
