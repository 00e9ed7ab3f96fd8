/** The same calls by independent clients, to the three official servers, through the gateway. */
import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startGateway } from '#test/support/gateway.ts'
import type { Gateway } from '#test/support/gateway.ts'
import { resolveBin } from './clients/bins.ts'
import type { Connection, TestClient } from './clients/client.ts'
import { inspectorCLI } from './clients/inspector.ts'
import { MCP_REMOTE_STDIO } from './clients/mcp-remote.ts'
import { SDK_V1 } from './clients/sdk-v1.ts'
import { SDK_V2 } from './clients/sdk-v2.ts'

const CLIENTS: TestClient[] = [
  SDK_V1,
  SDK_V2,
  inspectorCLI('legacy'),
  inspectorCLI('modern'),
  MCP_REMOTE_STDIO,
]
const TIMEOUT_MS = 60_000

let gateway: Gateway
let folder: string

function official(name: string, ...args: string[]) {
  const script = resolveBin(`@modelcontextprotocol/server-${name}`, `mcp-server-${name}`)
  return { command: process.execPath, args: [script, ...args] }
}

beforeAll(async () => {
  folder = await realpath(await mkdtemp(path.join(tmpdir(), 'hearth-clients-')))
  await writeFile(path.join(folder, 'hearth.txt'), 'warm')
  gateway = await startGateway({
    servers: {
      everything: official('everything', 'stdio'),
      memory: {
        ...official('memory'),
        env: { MEMORY_FILE_PATH: path.join(folder, 'memory.jsonl') },
      },
      filesystem: official('filesystem', folder),
    },
  })
}, TIMEOUT_MS)

afterAll(async () => {
  await gateway?.stop()
  await rm(folder, { recursive: true, force: true })
}, TIMEOUT_MS)

async function withClient<T>(
  client: TestClient,
  server: string,
  use: (connection: Connection) => Promise<T>,
): Promise<T> {
  const connection = await client.connect({ url: gateway.mcpURL(server), token: gateway.token })
  try {
    return await use(connection)
  } finally {
    await connection.close()
  }
}

describe.each(CLIENTS)('$name', (client) => {
  test(
    'is echoed by the everything server',
    async () => {
      const answer = await withClient(client, 'everything', ({ callTool }) =>
        callTool('echo', { message: 'snow: ❄' }),
      )

      expect(answer).toBe('Echo: snow: ❄')
    },
    TIMEOUT_MS,
  )

  test(
    'reads back what it stored in the memory server',
    async () => {
      const name = `entity of ${client.name}`
      const entity = { name, entityType: 'test', observations: ['is warm'] }

      const graph = await withClient(client, 'memory', async ({ callTool }) => {
        await callTool('create_entities', { entities: [entity] })
        return callTool('read_graph', {})
      })

      expect(graph).toContain(name)
    },
    TIMEOUT_MS,
  )

  test(
    'lists and reads the folder of the filesystem server',
    async () => {
      const [listing, content] = await withClient(client, 'filesystem', async ({ callTool }) => [
        await callTool('list_directory', { path: folder }),
        await callTool('read_text_file', { path: path.join(folder, 'hearth.txt') }),
      ])

      expect(listing).toContain('[FILE] hearth.txt')
      expect(content).toBe('warm')
    },
    TIMEOUT_MS,
  )
})
