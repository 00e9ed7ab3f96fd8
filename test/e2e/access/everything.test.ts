/** The official everything server, behind tokens that may use some of it, in both eras. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Grants } from '#protocol/scopes.ts'
import type { Message } from '#test/support/event-reader.ts'
import { startGateway, type Gateway } from '#test/support/gateway.ts'
import { initialize, ModernClient } from '#test/support/http-client.ts'
import { resolveBin } from '../clients/bins.ts'
import { readText } from '../clients/client.ts'
import { connectSession } from '../clients/session.ts'
import { issue } from './issue.ts'

let gateway: Gateway

beforeAll(async () => {
  const script = resolveBin('@modelcontextprotocol/server-everything', 'mcp-server-everything')
  const config = { command: process.execPath, args: [script, 'stdio'] }
  gateway = await startGateway({ servers: { everything: config, other: config } })
})

afterAll(() => gateway?.stop())

type Ask = (method: string, params?: Record<string, unknown>) => Promise<Message>

/** The same questions, asked by a client of each era. */
async function clientsOf(
  grants: Grants,
  server = 'everything',
): Promise<[era: string, ask: Ask][]> {
  const target = { url: gateway.mcpURL(server), token: (await issue(gateway, grants)).token }
  const old = await initialize(target)
  const now = new ModernClient(target)
  return [
    ['legacy', async (method, params) => (await old.request(method, params)).message],
    ['modern', async (method, params) => (await now.request(method, params)).message],
  ]
}

const namesIn = ({ result }: Message, list: string, key = 'name') =>
  ((result?.[list] ?? []) as Record<string, unknown>[]).map((entry) => entry[key])

test('a token of one tool lists one tool, calls it, and knows of no other', async () => {
  for (const [era, ask] of await clientsOf({ scopes: ['tools:call:everything/echo'] })) {
    const call = (name: string) => ask('tools/call', { name, arguments: { message: 'hi' } })
    const [hidden, absent] = [await call('get-sum'), await call('get-nothing')]
    const listed = await ask('tools/list')

    expect(namesIn(listed, 'tools'), era).toEqual(['echo'])
    expect(readText((await call('echo')).result)).toContain('hi')
    expect(hidden.error).toEqual({
      code: -32602,
      message: 'Unknown tool: get-sum',
      data: { code: 'unknown_tool', retryable: false },
    })
    expect(absent.error).toEqual({ ...hidden.error, message: 'Unknown tool: get-nothing' })
    for (const [method, list] of [
      ['prompts/list', 'prompts'],
      ['resources/list', 'resources'],
      ['resources/templates/list', 'resourceTemplates'],
    ] as const) {
      expect((await ask(method)).result?.[list], `${era} ${method}`).toEqual([])
    }
  }
})

test('the official client of the legacy era works with what is left', async () => {
  const { token } = await issue(gateway, { scopes: ['tools:call:everything/echo'] })
  const target = { url: gateway.mcpURL('everything'), token }
  const { client, close } = await connectSession(target, {})

  expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(['echo'])
  const answer = await client.callTool({ name: 'echo', arguments: { message: 'hi' } })
  expect(readText(answer)).toContain('hi')
  await expect(client.callTool({ name: 'get-env', arguments: {} })).rejects.toThrow('Unknown tool')
  await close()
})

test('lists of a token take away what its scopes give', async () => {
  const grants: Grants = {
    scopes: ['servers:everything'],
    allow: { tools: ['everything/get-*', 'everything/echo'] },
    deny: { tools: ['*/get-e*', 'other/*'] },
  }
  for (const [era, ask] of await clientsOf(grants)) {
    const tools = namesIn(await ask('tools/list'), 'tools')

    expect(tools, era).toContain('get-sum')
    expect(tools).toContain('echo')
    expect(tools).not.toContain('get-env')
    expect(tools).not.toContain('gzip-file-as-resource')
    expect(namesIn(await ask('prompts/list'), 'prompts')).toContain('simple-prompt')
    const denied = await ask('tools/call', { name: 'get-env', arguments: {} })
    expect(denied.error?.data).toMatchObject({ code: 'unknown_tool' })
  }
})

test('a token of some resources reads them, and is shown the templates of one', async () => {
  const [documents, texts] = ['demo://resource/static/document/', 'demo://resource/dynamic/text/']
  const scopes = [`${documents}f*`, `${texts}1`].map((uri) => `resources:read:everything/${uri}`)
  for (const [era, ask] of await clientsOf({ scopes })) {
    const resources = namesIn(await ask('resources/list'), 'resources', 'uri')
    const templates = await ask('resources/templates/list')
    const read = async (uri: string) => (await ask('resources/read', { uri })).error?.code ?? 'read'
    const missing = era === 'legacy' ? -32002 : -32602

    expect(resources, era).toEqual([`${documents}features.md`])
    expect(namesIn(templates, 'resourceTemplates', 'uriTemplate')).toEqual([`${texts}{resourceId}`])
    expect(await read(`${documents}features.md`)).toBe('read')
    expect(await read(`${texts}1`)).toBe('read')
    for (const uri of [
      `${documents}startup.md`,
      `${documents}f/../startup.md`,
      `${texts}2`,
      'x://y',
    ]) {
      expect(await read(uri), uri).toBe(missing)
    }
    const ref = { type: 'ref/resource', uri: `${texts}{resourceId}` }
    const argument = { name: 'resourceId', value: '1' }
    const completed = await ask('completion/complete', { ref, argument })
    expect(completed.error).toMatchObject({ code: missing, message: 'Resource not found' })
  }
})

test('a token of one prompt lists it, gets it, and has its arguments completed', async () => {
  const scopes = ['prompts:get:everything/completable-prompt']
  for (const [era, ask] of await clientsOf({ scopes })) {
    const complete = (name: string) =>
      ask('completion/complete', {
        ref: { type: 'ref/prompt', name },
        argument: { name: 'department', value: 'E' },
      })
    const hidden = await ask('prompts/get', { name: 'simple-prompt' })

    expect(namesIn(await ask('prompts/list'), 'prompts'), era).toEqual(['completable-prompt'])
    expect(hidden.error).toMatchObject({ code: -32602, message: 'Unknown prompt: simple-prompt' })
    expect((await complete('completable-prompt')).result).toMatchObject({
      completion: { values: ['Engineering'] },
    })
    expect((await complete('args-prompt')).error?.data).toMatchObject({ code: 'unknown_prompt' })
  }
})

describe('another server', () => {
  test('does not exist, like one that does not', async () => {
    const { token } = await issue(gateway, { scopes: ['servers:everything'] })
    const refusal = async (server: string) => {
      const client = new ModernClient({ url: gateway.mcpURL(server), token })
      const { status, message } = await client.request('tools/list', {}, { id: 1 })
      return { status, message }
    }

    expect(await refusal('other')).toMatchObject({ status: 404 })
    expect(await refusal('other')).toEqual(await refusal('nowhere'))
  })
})
