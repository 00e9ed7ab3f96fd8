/** Which calls a route lets through, and to whom. */
import { describe, expect, test } from 'vitest'
import type { IncomingCall } from '#worker/context.ts'
import { decideRoute } from '#worker/routing/decide.ts'
import { toHostRoute } from '#worker/routing/host-route.ts'
import { policyWith, type RouteInput } from './policy.ts'

interface Asked {
  method?: string
  server?: string
  isCatalog?: boolean
  scopes?: string[]
  text?: string
}

function callOf(params: object, { method = 'tools/call', server = 'github', ...more }: Asked = {}) {
  const message = { jsonrpc: '2.0', id: 1, method, params }
  const text = more.text ?? JSON.stringify(message)
  const target = Object.values(params)[0] as unknown
  const call: IncomingCall = {
    ...{ server, http: 'POST', isNoOp: false },
    facts: {
      ...{ era: 'modern', envelope: { kind: 'request', id: 1, method } },
      ...(typeof target === 'string' && { target }),
      ...(more.isCatalog !== false && { catalog: {} }),
    },
    body: { text, bytes: new TextEncoder().encode(text), value: JSON.parse(text) as unknown },
  }
  return call
}

function decide(routes: RouteInput[], params: object, asked: Asked = {}) {
  const servers = { guarded: { requiredScopes: ['mfa'], limits: [] } }
  const verdict = {
    grants: { scopes: asked.scopes ?? ['*'] },
    policy: policyWith(routes, { servers }),
  }
  return decideRoute(verdict, callOf(params, asked))
}

const route: RouteInput = {
  name: 'r',
  match: { tools: ['github__*'] },
  servers: ['mirror', 'gitlab'],
}
const targetsOf = (decision: ReturnType<typeof decide>) =>
  decision.isAllowed
    ? decision.routed?.targets?.map(({ server, name }) => `${server}/${name}`)
    : decision.code

test('a call takes the servers of its route, in their order', () => {
  expect(targetsOf(decide([route], { name: 'x' }))).toEqual(['mirror/x', 'gitlab/x'])
})

test('a server may call it otherwise', () => {
  const servers = [{ server: 'mirror', name: 'y' }, 'gitlab']

  expect(targetsOf(decide([{ ...route, servers }], { name: 'x' }))).toEqual([
    'mirror/y',
    'gitlab/x',
  ])
})

test.each<[string, Asked, object]>([
  ['at the URL of a server', { isCatalog: false }, { name: 'x' }],
  ['of a subscription', { method: 'resources/subscribe' }, { uri: 'x://y' }],
  [
    'of a completion',
    { method: 'completion/complete' },
    { ref: { type: 'ref/prompt', name: 'x' } },
  ],
])('no other server is chosen %s, but policies apply', (_, asked, params) => {
  const all: RouteInput = { ...route, match: { tools: ['*'], prompts: ['*'], resources: ['*'] } }
  const decision = decide([all], params, asked)

  expect(decision).toMatchObject({ isAllowed: true, routed: { routes: [{ name: 'r' }] } })
  expect(targetsOf(decision)).toBeUndefined()
  expect(decide([{ ...all, requiredScopes: ['s'] }], params, asked)).toEqual({
    ...{ isAllowed: false, code: 'forbidden', data: { scopes: ['s'] } },
  })
})

test('what names nothing takes no route', () => {
  expect(decide([{ name: 'all', requiredScopes: ['s'] }], {}, { method: 'tools/list' })).toEqual({
    isAllowed: true,
  })
})

describe('servers that the caller may not use are left out', () => {
  test.each<[scopes: string[], servers: string[], expected: unknown]>([
    [['*'], ['gitlab', 'guarded', 'gone'], ['gitlab/x']],
    [
      ['*', 'mfa'],
      ['gitlab', 'guarded'],
      ['gitlab/x', 'guarded/x'],
    ],
    [['tools:call:github/x', 'tools:call:mirror/x'], ['gitlab', 'mirror'], ['mirror/x']],
    [['servers:github', 'tools:call:mirror/y'], ['mirror'], 'server_not_found'],
    [['*'], ['gone'], 'server_not_found'],
    [['*'], ['gone', 'guarded'], 'forbidden'],
    [['prompts:get:mirror/*', 'servers:github'], ['mirror'], 'server_not_found'],
  ])('%j of %j: %j', (scopes, servers, expected) => {
    expect(targetsOf(decide([{ ...route, servers }], { name: 'x' }, { scopes }))).toEqual(expected)
  })
})

describe('names that could pass a pattern by are refused', () => {
  const resources: RouteInput = { name: 'r', match: { resources: ['file:///secret/*'] } }
  const read = { method: 'resources/read' }

  test.each<[string, object, Asked, string]>([
    ['a dot segment', { uri: 'file:///a/../secret/x' }, read, 'invalid_params'],
    ['an escaped one', { uri: 'file:///a/%2e%2e/secret/x' }, read, 'invalid_params'],
    ['too long', { uri: `file:///${'a'.repeat(2_048)}` }, read, 'invalid_params'],
    ['not well-formed', { uri: 'file:///\ud800' }, read, 'invalid_params'],
    ['no string', { uri: ['file:///secret/x'] }, read, 'invalid_params'],
  ])('%s', (_, params, asked, code) => {
    expect(decide([resources], params, asked)).toMatchObject({ isAllowed: false, code })
  })

  test('a name that is said twice', () => {
    const text = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","NAME":"b"}}'

    expect(decide([route], { name: 'a' }, { isCatalog: false, text })).toMatchObject({
      ...{ isAllowed: false, code: 'invalid_message' },
    })
  })

  test('where no pattern is for that kind, no name is', () => {
    expect(decide([route], { uri: 'file:///a/../b' }, read)).toEqual({ isAllowed: true })
  })
})

describe('what the object is told', () => {
  const hostRoute = (routes: RouteInput[], asked: Asked = {}) => {
    const decision = decide(routes, { name: 'x' }, asked)
    if (!decision.isAllowed || decision.routed === undefined) throw new Error('no route')
    return toHostRoute(decision.routed, callOf({ name: 'x' }, asked))
  }

  test('nothing, where the call is the same without the route', () => {
    expect(hostRoute([{ ...route, servers: [] }])).toBeUndefined()
    expect(hostRoute([{ ...route, servers: ['github'] }])).toBeUndefined()
    expect(hostRoute([route], { isCatalog: false })).toBeUndefined()
  })

  test('servers and how to choose, where there is a choice', () => {
    expect(hostRoute([{ ...route, servers: ['mirror'], strategy: 'sticky' }])).toEqual({
      ...{ name: 'r', strategy: 'sticky' },
      candidates: [{ server: 'mirror' }],
    })
  })

  test('names and weights where they are others', () => {
    const servers = ['gitlab', { server: 'mirror', name: 'y', weight: 3 }]

    expect(hostRoute([{ ...route, servers }])?.candidates).toEqual([
      { server: 'gitlab' },
      { server: 'mirror', name: 'y', weight: 3 },
    ])
  })

  test('what else the route has for it', () => {
    const own: RouteInput = { ...route, servers: [], retries: { attempts: 3 } }

    expect(hostRoute([own])).toEqual({ name: 'r', attempts: 3 })
    expect(hostRoute([{ ...route, servers: [], transform: [{ use: 'metadata' }] }])).toEqual({
      ...{ name: 'r' },
    })
    expect(hostRoute([{ ...route, servers: [], transform: [] }])).toBeUndefined()
  })

  test('how long it may take, at either URL', () => {
    const timed = [{ ...route, servers: [], timeoutMs: 5 }]

    expect(hostRoute(timed)).toEqual({ name: 'r', timeoutMs: 5 })
    expect(hostRoute(timed, { isCatalog: false })).toEqual({ name: 'r', timeoutMs: 5 })
  })
})
