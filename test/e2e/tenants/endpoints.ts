/** Every request that is no admin request, as a row: what is sent, and how its answer is judged. */
import { LATEST_LEGACY } from '#protocol/mcp.ts'
import { initialize, ModernClient } from '#test/support/http-client.ts'
import { ROW_ID, type HTTPRequest } from './ask.ts'
import type { Place } from './canaries.ts'
import type { Asked, Endpoint } from './endpoint.ts'
import { bearerOf, endpointOf, type SessionServer } from './world.ts'

type Row = Omit<Endpoint, 'form' | 'toRequest'> & {
  /** Below `/mcp…`, `/t/{tenant}/mcp…`; without a server below `/` and `/t/{tenant}`. */
  toRequest: (asked: Asked) => HTTPRequest | Promise<HTTPRequest>
}

const ACCEPT = { POST: 'application/json, text/event-stream', GET: 'text/event-stream' }
const BOTH = ['legacy', 'modern'] as const
const modern = new ModernClient({ url: '', token: '' }, { elicitation: {} })

function post(server: string, message: object, headers: Record<string, string> = {}): HTTPRequest {
  const body = JSON.stringify({ jsonrpc: '2.0', id: ROW_ID, ...message })
  const all = { 'Content-Type': 'application/json', Accept: ACCEPT.POST, ...headers }
  return { method: 'POST', path: endpointOf(server), headers: all, body }
}

function postModern(server: string, method: string, params: Record<string, unknown> = {}) {
  const { body, headers } = modern.compose(method, params, { id: ROW_ID })
  return post(server, JSON.parse(body) as object, headers)
}

function inSession(
  row: Pick<Row, 'name' | 'shows' | 'tells'>,
  server: SessionServer,
  method: string,
  params: (asked: Asked) => object = () => ({}),
): Row {
  return {
    ...{ ...row, name: `${row.name} in a session on ${server}`, kind: 'session' },
    toRequest: (asked) =>
      post(server, { method, params: params(asked) }, sessionHeaders(asked, server)),
  }
}

/** One's own, or that of the tenant's own token. */
function sessionHeaders({ world, tenant, credential }: Asked, server: SessionServer) {
  const sessions = world.sessions[tenant]
  const session = (sessions[credential] ?? sessions['own token'])?.[server] ?? ''
  return { 'Mcp-Session-Id': session, 'MCP-Protocol-Version': LATEST_LEGACY }
}

const text = ({ world, tenant }: Asked, place: Place) => world.tenants[tenant].text(place)
const named = (place: Place) => (asked: Asked) => ({ name: text(asked, place), arguments: {} })
const resource = (asked: Asked) => ({ uri: `canary://${text(asked, 'resource')}` })
const TELL = { name: 'tell', arguments: {} }

const LEGACY: Row[] = [
  ...BOTH.map((server): Row => {
    const clientInfo = { name: 'matrix', version: '1' }
    const params = { protocolVersion: LATEST_LEGACY, capabilities: {}, clientInfo }
    const toRequest = () => post(server, { method: 'initialize', params })
    return { name: `initialize on ${server}`, kind: 'call', toRequest }
  }),
  ...BOTH.flatMap((server): Row[] => [
    inSession({ name: 'tools/list', shows: 'tool' }, server, 'tools/list'),
    inSession({ name: 'tell', shows: 'secret', tells: true }, server, 'tools/call', () => TELL),
    {
      ...{ name: `GET in a session on ${server}`, kind: 'session' },
      toRequest: (asked) => ({
        ...{ method: 'GET', path: endpointOf(server) },
        headers: { Accept: ACCEPT.GET, ...sessionHeaders(asked, server) },
      }),
    },
    {
      ...{ name: `GET from a made-up event on, in a session on ${server}`, kind: 'event' },
      toRequest: (asked) => ({
        ...{ method: 'GET', path: endpointOf(server) },
        headers: { Accept: ACCEPT.GET, 'Last-Event-ID': '99-99', ...sessionHeaders(asked, server) },
      }),
    },
    {
      ...{ name: `DELETE of a session on ${server}`, kind: 'deletion' },
      async toRequest(asked) {
        const headers = { ...sessionHeaders(asked, server), ...(await doomed(asked, server)) }
        return { method: 'DELETE', path: endpointOf(server), headers }
      },
    },
  ]),
  inSession(
    { name: 'the tool', tells: true, shows: 'secret' },
    'legacy',
    'tools/call',
    named('tool'),
  ),
  inSession({ name: 'resources/list', shows: 'resource' }, 'legacy', 'resources/list'),
  inSession(
    { name: 'a resource', shows: 'env', tells: true },
    'legacy',
    'resources/read',
    resource,
  ),
  inSession({ name: 'prompts/list', shows: 'prompt' }, 'legacy', 'prompts/list'),
]

/** Each message has an id of its own: an answer may not be taken yet when the next one is posted. */
function postMessage(sessionId: string, message: object): HTTPRequest {
  const path = `/messages/legacy?sessionId=${sessionId}`
  return { ...post('legacy', { id: crypto.randomUUID(), ...message }), path }
}

/** One's own, or that of the tenant's own token. */
function streamOf({ world, tenant, credential }: Asked): string {
  const streams = world.streams[tenant]
  return (streams[credential] ?? streams['own token'])?.sessionId ?? ''
}

const SSE: Row[] = [
  {
    ...{ name: 'GET /sse', kind: 'call' },
    toRequest: () => ({ method: 'GET', path: '/sse/legacy', headers: { Accept: ACCEPT.GET } }),
  },
  {
    ...{ name: 'tools/list posted for a stream', kind: 'posted' },
    toRequest: (asked) => postMessage(streamOf(asked), { method: 'tools/list' }),
  },
  {
    ...{ name: 'tell posted for a stream', kind: 'posted' },
    toRequest: (asked) => postMessage(streamOf(asked), { method: 'tools/call', params: TELL }),
  },
  {
    ...{ name: 'a message for a stream that nobody has', kind: 'lost' },
    toRequest: () => postMessage(`main.${'0'.repeat(32)}`, { method: 'tools/list' }),
  },
  {
    ...{ name: 'a message with the id of a session', kind: 'lost' },
    toRequest: ({ world, tenant, credential }) => {
      const id = world.sessions[tenant][credential]?.legacy ?? `main.${'1'.repeat(32)}`
      return postMessage(id, { method: 'tools/list' })
    },
  },
  {
    ...{ name: 'DELETE of a stream', kind: 'method' },
    toRequest: (asked) => ({ ...postMessage(streamOf(asked), {}), method: 'DELETE' }),
  },
]

/** Those who may delete get a session to delete; nobody else finds one missing. */
async function doomed(
  { world, tenant, credential, isGranted }: Asked,
  server: SessionServer,
): Promise<Record<string, string>> {
  if (!isGranted) return {}
  const url = `${world.tenants[tenant].url}${endpointOf(server)}`
  const { headers } = await initialize({ url, token: bearerOf(world, tenant, credential) })
  return headers
}

const MODERN: Row[] = [
  ...BOTH.flatMap((server): Row[] => [
    {
      ...{ name: `server/discover on ${server}`, kind: 'call' },
      toRequest: () => postModern(server, 'server/discover'),
    },
    {
      ...{ name: `tools/list on ${server}`, kind: 'call', shows: 'tool' },
      toRequest: () => postModern(server, 'tools/list'),
    },
    {
      ...{ name: `tell on ${server}`, kind: 'call', shows: 'secret', tells: true },
      toRequest: () => postModern(server, 'tools/call', TELL),
    },
    {
      ...{ name: `subscriptions/listen on ${server}`, kind: 'call' },
      toRequest: () =>
        postModern(server, 'subscriptions/listen', { notifications: { toolsListChanged: true } }),
    },
    {
      ...{ name: `ask on ${server}`, kind: 'call', shows: 'secret', tells: true },
      toRequest: () => postModern(server, 'tools/call', { name: 'ask', arguments: {} }),
    },
    {
      ...{ name: `a retry with a made-up state on ${server}`, kind: 'retry' },
      toRequest: () => {
        const more = { requestState: 'made-up', inputResponses: {} }
        return postModern(server, 'tools/call', { name: 'ask', arguments: {}, ...more })
      },
    },
  ]),
  {
    ...{ name: 'a resource on legacy', kind: 'call', shows: 'env', tells: true },
    toRequest: (asked) => postModern('legacy', 'resources/read', resource(asked)),
  },
  {
    ...{ name: 'tell on a server that asks for a scope', kind: 'guarded' },
    toRequest: () => postModern('guarded', 'tools/call', TELL),
  },
  {
    ...{
      name: 'tell on a server of this tenant alone',
      kind: 'named',
      shows: 'secret',
      tells: true,
    },
    toRequest: (asked) => postModern(text(asked, 'server'), 'tools/call', TELL),
  },
  {
    ...{ name: 'tell on a server that nobody has', kind: 'absent' },
    toRequest: () => postModern('nowhere', 'tools/call', TELL),
  },
  {
    ...{ name: 'PUT', kind: 'method' },
    toRequest: () => ({ method: 'PUT', path: '/mcp/legacy', body: '{}' }),
  },
  {
    ...{ name: 'ready', kind: 'ready', shows: 'server' },
    toRequest: () => ({ method: 'GET', path: '/ready' }),
  },
]

const EXPOSED = { name: 'legacy__tell', arguments: {} }
const exposedResource = (asked: Asked) => ({ uri: `hearth://legacy/${resource(asked).uri}` })

const CATALOG: Row[] = [
  {
    ...{ name: 'initialize on all', kind: 'catalog' },
    toRequest: () => {
      const clientInfo = { name: 'matrix', version: '1' }
      const params = { protocolVersion: LATEST_LEGACY, capabilities: {}, clientInfo }
      return post('catalog', { method: 'initialize', params })
    },
  },
  ...(
    ['tools/list', 'prompts/list', 'resources/list', 'resources/templates/list'] as const
  ).flatMap((method): Row[] => {
    const list: Pick<Row, 'name' | 'shows'> = { name: method }
    if (method === 'tools/list') list.shows = 'tool'
    return [
      {
        ...inSession(list, 'catalog', method),
        kind: 'catalog session',
      },
      {
        ...list,
        ...{ name: `${method} on all`, kind: 'catalog' },
        toRequest: () => postModern('catalog', method),
      },
    ]
  }),
  {
    ...inSession(
      { name: 'tell by its name among all', shows: 'secret', tells: true },
      ...(['catalog', 'tools/call', () => EXPOSED] as const),
    ),
    kind: 'exposed session',
  },
  {
    ...{ name: 'tell by its name among all', kind: 'exposed', shows: 'secret', tells: true },
    toRequest: () => postModern('catalog', 'tools/call', EXPOSED),
  },
  {
    ...{ name: 'a resource by its URI among all', kind: 'unread', shows: 'env', tells: true },
    toRequest: (asked) => postModern('catalog', 'resources/read', exposedResource(asked)),
  },
  {
    ...{ name: 'server/discover on all', kind: 'catalog' },
    toRequest: () => postModern('catalog', 'server/discover'),
  },
  {
    ...{ name: 'subscriptions/listen on all', kind: 'catalog' },
    toRequest: () =>
      postModern('catalog', 'subscriptions/listen', { notifications: { toolsListChanged: true } }),
  },
  {
    ...{ name: 'GET in a session on all', kind: 'catalog session' },
    toRequest: (asked) => ({
      ...{ method: 'GET', path: '/mcp' },
      headers: { Accept: ACCEPT.GET, ...sessionHeaders(asked, 'catalog') },
    }),
  },
  {
    ...{ name: 'DELETE of a session on all', kind: 'catalog deletion' },
    async toRequest(asked) {
      const headers = { ...sessionHeaders(asked, 'catalog'), ...(await doomed(asked, 'catalog')) }
      return { method: 'DELETE', path: '/mcp', headers }
    },
  },
]

const SSE_CATALOG: Row[] = [
  {
    ...{ name: 'GET /sse of all', kind: 'catalog' },
    toRequest: () => ({ method: 'GET', path: '/sse', headers: { Accept: ACCEPT.GET } }),
  },
  {
    ...{ name: 'a message for all, with the id of a stream of one', kind: 'catalog lost' },
    toRequest: (asked) => {
      const message = postMessage(streamOf(asked), { method: 'tools/list' })
      return { ...message, path: message.path.replace('/legacy', '') }
    },
  },
]

const METADATA = '/.well-known/oauth-protected-resource'
const ELSEWHERE: Endpoint[] = [
  {
    ...{ name: 'GET /health', kind: 'health', form: 'plain' },
    toRequest: () => ({ method: 'GET', path: '/health' }),
  },
  ...['', '/mcp', '/mcp/legacy', '/mcp/nowhere'].map((rest): Endpoint => {
    return {
      ...{ name: `metadata of /t/{tenant}${rest}`, kind: 'metadata', form: 'tenant' },
      toRequest: (asked) => ({ method: 'GET', path: `${METADATA}/t/${asked.pathTenant}${rest}` }),
    }
  }),
  ...['', '/mcp/legacy'].map((rest): Endpoint => {
    return {
      ...{ name: `metadata of ${rest || 'nothing'}`, kind: 'nothing', form: 'plain' },
      toRequest: () => ({ method: 'GET', path: `${METADATA}${rest}` }),
    }
  }),
  {
    ...{ name: 'a path that is none', kind: 'nothing', form: 'tenant' },
    toRequest: (asked) => ({ method: 'POST', path: `/t/${asked.pathTenant}/servers`, body: '{}' }),
  },
]

/** Each row on both paths. */
export const ENDPOINTS: Endpoint[] = [
  ...[...LEGACY, ...SSE, ...SSE_CATALOG, ...MODERN, ...CATALOG].flatMap((row): Endpoint[] => [
    { ...row, form: 'plain', name: `${row.name}, plain path` },
    {
      ...{ ...row, form: 'tenant', name: `${row.name}, tenant's path` },
      async toRequest(asked) {
        const request = await row.toRequest(asked)
        return { ...request, path: `/t/${asked.pathTenant}${request.path}` }
      },
    },
  ]),
  ...ELSEWHERE,
]
