/** `/mcp`: several real servers as one, for real clients of both eras. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { Client as ModernClient, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as LegacyTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { CreateMessageRequestSchema } from '@modelcontextprotocol/sdk/types.js'
import { startGateway, type Gateway } from '#test/support/gateway.ts'
import { resolveBin } from '../clients/bins.ts'
import { modernURL, readText } from '../clients/client.ts'

vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 })

let gateway: Gateway
let folder: string
const closing: { close(): Promise<void> }[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hearth-catalog-'))
  await writeFile(join(folder, 'hello.txt'), 'hello from a file')
  const bin = (name: string) =>
    resolveBin(`@modelcontextprotocol/server-${name}`, `mcp-server-${name}`)
  const node = process.execPath
  gateway = await startGateway({
    servers: {
      everything: { command: node, args: [bin('everything'), 'stdio'] },
      twin: { command: node, args: [bin('everything'), 'stdio'] },
      memory: {
        command: node,
        args: [bin('memory')],
        env: { MEMORY_FILE_PATH: join(folder, 'memory.json') },
      },
      files: { command: node, args: [bin('filesystem'), folder] },
    },
  })
})

afterAll(async () => {
  await Promise.all(closing.map((client) => client.close()))
  await gateway?.stop()
  await rm(folder, { recursive: true, force: true })
})

async function connectLegacy(capabilities = {}): Promise<LegacyClient> {
  const client = new LegacyClient({ name: 'legacy', version: '1.0.0' }, { capabilities })
  closing.push(client)
  const { headers } = gateway
  const transport = new LegacyTransport(new URL(`${gateway.url}/mcp`), { requestInit: { headers } })
  await client.connect(transport as Parameters<LegacyClient['connect']>[0])
  return client
}

async function connectModern(capabilities = {}): Promise<ModernClient> {
  const client = new ModernClient(
    { name: 'modern', version: '1.0.0' },
    { capabilities, versionNegotiation: { mode: 'auto' } },
  )
  closing.push(client)
  const { headers } = gateway
  await client.connect(
    new StreamableHTTPClientTransport(new URL(modernURL(`${gateway.url}/mcp`)), {
      requestInit: { headers },
    }),
  )
  return client
}

describe.each([
  ['legacy', connectLegacy],
  ['modern', connectModern],
] as const)('a %s client', (era, connect) => {
  test('lists the tools of all servers, each under its server’s name', async () => {
    const client = await connect()

    const { tools } = await client.listTools()

    const names = tools.map(({ name }) => name)
    expect(names).toEqual([...names].sort())
    expect(names).toContain('everything__echo')
    expect(names).toContain('twin__echo')
    expect(names).toContain('memory__read_graph')
    expect(names).toContain('files__read_text_file')
    expect(
      tools.find(({ name }) => name === 'files__read_text_file')?.inputSchema.required,
    ).toEqual(['path'])
  })

  test('calls a tool of each', async () => {
    const client = await connect()
    const call = async (name: string, args: Record<string, unknown>) =>
      readText(await client.callTool({ name, arguments: args }))

    expect(await call('everything__echo', { message: 'one' })).toBe('Echo: one')
    expect(await call('twin__echo', { message: 'two' })).toBe('Echo: two')
    expect(await call('memory__read_graph', {})).toContain('entities')
    expect(await call('files__read_text_file', { path: join(folder, 'hello.txt') })).toContain(
      'hello from a file',
    )
  })

  test('gets a prompt, and completes its argument', async () => {
    const client = await connect()

    const prompt = await client.getPrompt({ name: 'everything__simple-prompt' })
    expect(prompt.messages).toHaveLength(1)

    const completion = await client.complete({
      ref: { type: 'ref/prompt', name: 'everything__completable-prompt' },
      argument: { name: 'department', value: 'E' },
    })
    expect(completion.completion.values).toContain('Engineering')
  })

  test('reads a resource that two servers have, from the one that it names', async () => {
    const client = await connect()
    const { resources } = await client.listResources()

    const uris = resources.map(({ uri }) => uri)
    expect(new Set(uris).size).toBe(uris.length)
    const [uri = ''] = uris.filter((text) => text.startsWith('hearth://twin/'))
    const { contents } = await client.readResource({ uri })
    expect(contents[0]?.uri).toBe(uri)
  })

  test('an unknown tool is unknown, whoever might have it', async () => {
    const client = await connect()

    const answer = client.callTool({ name: 'nothing__of_the_kind', arguments: {} })
    await expect(answer).rejects.toMatchObject({ code: -32602 })
  })

  test('progress arrives before the answer', async () => {
    const client = await connect()
    const seen: number[] = []
    // A call that waited for a start would be told so.
    await client.callTool({ name: 'twin__echo', arguments: { message: 'started' } })

    await client.callTool(
      { name: 'twin__trigger-long-running-operation', arguments: { duration: 0.3, steps: 3 } },
      ...((era === 'legacy'
        ? [undefined, { onprogress: ({ progress }: { progress: number }) => seen.push(progress) }]
        : [{ onprogress: ({ progress }: { progress: number }) => seen.push(progress) }]) as [
        never,
      ]),
    )

    expect(seen).toEqual([1, 2, 3])
  })
})

test('a legacy client is asked to sample by the server whose tool it called', async () => {
  const client = await connectLegacy({ sampling: {} })
  client.setRequestHandler(CreateMessageRequestSchema, () => ({
    model: 'test',
    role: 'assistant' as const,
    content: { type: 'text' as const, text: 'sampled' },
  }))
  const { tools } = await client.listTools()
  expect(tools.map(({ name }) => name)).toContain('everything__trigger-sampling-request')

  const result = await client.callTool({
    name: 'everything__trigger-sampling-request',
    arguments: { prompt: 'hi', maxTokens: 10 },
  })

  expect(readText(result)).toContain('sampled')
})
