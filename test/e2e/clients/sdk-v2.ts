import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { LATEST_MODERN } from '#protocol/mcp.ts'
import { bearer, modernURL, readText } from './client.ts'
import type { TestClient } from './client.ts'

export const SDK_V2 = createClient('auto', 'auto')
/** Speaks the modern era whatever else it is offered. */
export const SDK_V2_MODERN = createClient(LATEST_MODERN, { pin: LATEST_MODERN })

function createClient(name: string, mode: 'auto' | { pin: string }): TestClient {
  return {
    name: `the v2 SDK client (${name})`,
    async connect(target) {
      const url = mode === 'auto' ? target.url : modernURL(target.url)
      const transport = new StreamableHTTPClientTransport(new URL(url), {
        requestInit: { headers: bearer(target) },
      })
      const client = new Client(
        { name: target.clientName ?? 'e2e-sdk-v2', version: '1.0.0' },
        { versionNegotiation: { mode } },
      )
      await client.connect(transport)
      return {
        callTool: async (tool, args) => {
          return readText(await client.callTool({ name: tool, arguments: args }))
        },
        close: () => client.close(),
      }
    },
  }
}
