/** What server-everything 2026.8.31 wrote over stdio, long texts cut. */

export const INITIALIZE_RESULT = {
  protocolVersion: '2025-11-25',
  capabilities: {
    tools: { listChanged: true },
    prompts: { listChanged: true },
    resources: { subscribe: true, listChanged: true },
    logging: {},
    tasks: { list: {}, cancel: {}, requests: { tools: { call: {} } } },
    completions: {},
  },
  serverInfo: {
    name: 'mcp-servers/everything',
    title: 'Everything Reference Server',
    version: '2.0.0',
  },
  instructions: '# Everything Server – Server Instructions',
}

export const ECHO_RESPONSE =
  '{"result":{"content":[{"type":"text","text":"Echo: hi"}]},"jsonrpc":"2.0","id":6}'

export const LIST_CHANGED = '{"method":"notifications/tools/list_changed","jsonrpc":"2.0"}'

export const ELICITATION = {
  method: 'elicitation/create',
  params: {
    message: 'Please provide inputs for the following fields:',
    requestedSchema: {
      type: 'object',
      properties: { name: { title: 'String', type: 'string' } },
      required: ['name'],
    },
  },
  jsonrpc: '2.0',
  id: 0,
} as const
