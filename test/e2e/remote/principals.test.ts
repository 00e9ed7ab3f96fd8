/** `${principal:…}` in the headers of a remote server: each principal has sessions of its own there. */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { startGateway, type Gateway } from '#test/support/gateway.ts'
import { initialize, ModernClient, type Target } from '#test/support/http-client.ts'
import {
  sendJSON,
  startRemoteHTTP,
  type Handler,
  type RemoteHTTP,
} from '#test/support/remote-http.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

interface Person {
  token: string
  principal: string
  key: string
}

let gateway: Gateway
let legacy: RemoteHTTP
let modern: RemoteHTTP
let alice: Person
let bob: Person
let carol: Person

/** Tells which key and which session a call came with. */
const tell: Handler = ({ headers, message: { id } }, response) => {
  const text = JSON.stringify([headers['x-key'], headers['mcp-session-id'] ?? null])
  const content = [{ type: 'text', text }]
  sendJSON(response, { jsonrpc: '2.0', id, result: { resultType: 'complete', content } })
}

beforeAll(async () => {
  let begun = 0
  legacy = await startRemoteHTTP((request, response) => {
    const { id, method } = request.message
    if (request.method === 'GET') return void response.writeHead(405).end()
    if (id === undefined) return void response.writeHead(202).end()
    if (method === 'server/discover') return void response.writeHead(404).end()
    if (method !== 'initialize') return tell(request, response)
    const serverInfo = { name: 'personal', version: '1.0.0' }
    const result = { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo }
    sendJSON(response, { jsonrpc: '2.0', id, result }, { 'Mcp-Session-Id': `s${++begun}` })
  })
  modern = await startRemoteHTTP((request, response) => {
    const { id, method } = request.message
    if (method === 'initialize') return void response.writeHead(404).end()
    if (method === 'tools/call') return tell(request, response)
    const kept = { resultType: 'complete', ttlMs: 0, cacheScope: 'private' }
    const facts = { supportedVersions: ['2026-07-28'], capabilities: { tools: {} }, tools: [] }
    sendJSON(response, { jsonrpc: '2.0', id, result: { ...kept, ...facts } })
  })
  const headers = { 'X-Key': '${principal:KEY}' }
  const at = ({ url }: RemoteHTTP, more = {}) => ({ url, headers, allowPrivate: true, ...more })
  gateway = await startGateway({
    warm: false,
    servers: { legacy: at(legacy), shared: at(legacy, { sharing: 'shared' }), modern: at(modern) },
  })
  ;[alice, bob, carol] = [await make('alice'), await make('bob'), await make('carol')]
  for (const { principal, key } of [alice, bob]) {
    const path = `principals/${encodeURIComponent(principal)}/secrets/KEY`
    await gateway.admin('PUT', path, { value: key })
  }
})

afterAll(async () => {
  await gateway?.stop()
  await Promise.all([legacy?.stop(), modern?.stop()])
})

async function make(name: string): Promise<Person> {
  const body = { name, grants: { scopes: ['*'] } }
  const { token, info } = await gateway.admin<{ token: string; info: { principal: string } }>(
    ...(['POST', 'tokens', body] as const),
  )
  return { token, principal: info.principal, key: `key-of-${name}` }
}

const targetOf = ({ token }: Person, server: string): Target => {
  return { token, url: gateway.mcpURL(server) }
}

async function callAs(
  person: Person,
  server: string,
  era: string,
): Promise<[string, string | null]> {
  const target = targetOf(person, server)
  const client = era === 'legacy' ? await initialize(target) : new ModernClient(target)
  const answer = await client.call('tell')
  const { content } = answer.message.result as { content: { text: string }[] }
  return JSON.parse(content[0]?.text ?? '') as [string, string | null]
}

describe.each(['legacy', 'shared', 'modern'])('the personal remote server "%s"', (server) => {
  test.each(['legacy', 'modern'])('gets each principal’s own key from %s clients', async (era) => {
    const people = [alice, bob, alice, bob]
    const told = await Promise.all(people.map((person) => callAs(person, server, era)))

    expect(told.map(([key]) => key)).toEqual(people.map(({ key }) => key))
    const sessionsOf = (key: string) => told.filter((one) => one[0] === key).map((one) => one[1])
    const [hers, his] = [sessionsOf(alice.key), sessionsOf(bob.key)]
    expect(hers.filter((session) => session !== null && his.includes(session))).toEqual([])
  })

  test('is told of no principal without a key, who is told what is missing', async () => {
    const before = legacy.received.length + modern.received.length
    const { message } = await new ModernClient(targetOf(carol, server)).call('tell')

    expect(message.error?.message).toContain('${principal:KEY}')
    expect(legacy.received.length + modern.received.length).toBe(before)
  })
})
