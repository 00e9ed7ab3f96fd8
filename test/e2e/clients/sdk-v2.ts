import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { bearer, readText } from './client.ts'
import type { TestClient } from './client.ts'

export const SDK_V2: TestClient = {
  name: 'the v2 SDK client (auto)',
  async connect(target) {
    const transport = new StreamableHTTPClientTransport(new URL(target.url), {
      requestInit: { headers: bearer(target) },
    })
    const client = new Client(
      { name: target.clientName ?? 'e2e-sdk-v2', version: '1.0.0' },
      { versionNegotiation: { mode: 'auto' } },
    )
    await client.connect(transport)
    return {
      callTool: async (name, args) => readText(await client.callTool({ name, arguments: args })),
      close: () => client.close(),
    }
  },
}
