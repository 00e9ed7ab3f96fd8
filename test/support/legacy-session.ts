/** A legacy MCP session by plain HTTP requests: what a test needs to make calls and see statuses. */

export interface Answer {
  status: number
  sessionId: string | null
  /** The JSON-RPC message, also when it came as an event. */
  message: { result?: Record<string, unknown>; error?: { code: number; message: string } }
}

export interface Session {
  id: string
  call(method: string, params?: object): Promise<Answer>
}

const INITIALIZE = {
  protocolVersion: '2025-11-25',
  capabilities: {},
  clientInfo: { name: 'hearth-test', version: '1' },
}

export async function openSession(url: string, token: string): Promise<Session> {
  const opened = await post({ url, token }, { id: 0, method: 'initialize', params: INITIALIZE })
  if (opened.sessionId === null) throw new Error(`initialize was answered with ${opened.status}`)
  const session = resumeSession(url, token, opened.sessionId)
  await post({ url, token, id: session.id }, { method: 'notifications/initialized' })
  return session
}

/** A session that was opened before. */
export function resumeSession(url: string, token: string, id: string): Session {
  let nextId = 1
  return {
    id,
    call: (method, params = {}) => post({ url, token, id }, { id: nextId++, method, params }),
  }
}

async function post(
  { url, token, id }: { url: string; token: string; id?: string },
  message: object,
): Promise<Answer> {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      Authorization: `Bearer ${token}`,
      'Content-Type': 'application/json',
      Accept: 'application/json, text/event-stream',
      ...(id === undefined ? {} : { 'Mcp-Session-Id': id }),
    },
    body: JSON.stringify({ jsonrpc: '2.0', ...message }),
  })
  return {
    status: response.status,
    sessionId: response.headers.get('mcp-session-id'),
    message: parseBody(await response.text()),
  }
}

function parseBody(text: string): Answer['message'] {
  const data = text.split('\n').findLast((line) => line.startsWith('data: {'))
  const json = data === undefined ? text : data.slice('data: '.length)
  return json === '' ? {} : (JSON.parse(json) as Answer['message'])
}
