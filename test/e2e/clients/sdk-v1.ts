import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { bearer, readText } from './client.ts'
import type { TestClient } from './client.ts'

export const SDK_V1: TestClient = {
  name: 'the v1 SDK client',
  async connect(target) {
    const transport = new StreamableHTTPClientTransport(new URL(target.url), {
      requestInit: { headers: bearer(target) },
    })
    const client = new Client({ name: target.clientName ?? 'e2e-sdk-v1', version: '1.0.0' })
    // The SDK's own class does not meet its interface under exactOptionalPropertyTypes.
    await client.connect(transport as Parameters<Client['connect']>[0])
    return {
      callTool: async (name, args) => readText(await client.callTool({ name, arguments: args })),
      async close() {
        await transport.terminateSession()
        await client.close()
      },
    }
  },
}
