import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js'
import type { ClientCapabilities } from '@modelcontextprotocol/sdk/types.js'
import { bearer, readText, type Target, type TestClient } from './client.ts'

/** `target.url`: `…/sse/{server}`. */
export async function connectOverSSE(
  target: Target,
  capabilities: ClientCapabilities = {},
): Promise<Client> {
  const transport = new SSEClientTransport(new URL(target.url), {
    requestInit: { headers: bearer(target) },
  })
  const client = new Client({ name: 'e2e-sdk-v1-sse', version: '1.0.0' }, { capabilities })
  // The SDK's own class does not meet its interface under exactOptionalPropertyTypes.
  await client.connect(transport as Parameters<Client['connect']>[0])
  return client
}

export const SDK_V1_SSE: TestClient = {
  name: 'the v1 SDK client over HTTP+SSE',
  async connect(target) {
    const client = await connectOverSSE(target)
    return {
      callTool: async (name, args) => readText(await client.callTool({ name, arguments: args })),
      close: () => client.close(),
    }
  },
}
