import { describe, expect, test } from 'vitest'
import type { Envelope } from '#protocol/json-rpc.ts'
import type { Grants } from '#protocol/scopes.ts'
import { decideCall, decideServer } from '#worker/authorization/decide.ts'
import type { Decision } from '#worker/authorization/decision.ts'
import type { IncomingCall } from '#worker/context.ts'
import { POLICY } from '../fake-deps.ts'

const policy = {
  ...POLICY,
  servers: {
    fs: { requiredScopes: [], limits: [] },
    strict: { requiredScopes: ['mfa', 'tools:call:strict/*'], limits: [] },
  },
}

const scopes = (...list: string[]): Grants => ({ scopes: list })

function callOf(message: Record<string, unknown>, server = 'fs'): IncomingCall {
  const value = { jsonrpc: '2.0', ...message }
  const text = JSON.stringify(value)
  const { id, method } = message as { id?: number; method?: string }
  const envelope = (
    method === undefined
      ? { kind: 'response', id, failed: false }
      : id === undefined
        ? { kind: 'notification', method }
        : { kind: 'request', id, method }
  ) as Envelope
  return {
    ...{ server, http: 'POST', isNoOp: false, facts: { era: 'legacy', envelope } },
    body: { bytes: new TextEncoder().encode(text), text, value },
  }
}

const request = (method: string, params: Record<string, unknown> = {}, server?: string) =>
  callOf({ id: 1, method, params }, server)

/** As the two steps in `worker/app.ts`. */
const decide = (verdict: { grants: Grants; policy: typeof policy }, call: IncomingCall): Decision =>
  decideServer(verdict, call.server) ?? decideCall(verdict.grants, call)

function outcome(grants: Grants, call: IncomingCall): string {
  const decision: Decision = decide({ grants, policy }, call)
  return decision.isAllowed ? 'allowed' : decision.code
}

describe('a server', () => {
  test.each([
    ['that does not exist', scopes('servers:fs'), 'nowhere', 'server_not_found'],
    ['that is another’s', scopes('servers:other'), 'fs', 'server_not_found'],
    ['that is denied', { ...scopes('*'), deny: { servers: ['fs'] } }, 'fs', 'server_not_found'],
    ['that is a property of every object', scopes('*'), 'constructor', 'server_not_found'],
    ['for a tenant’s administrator', scopes('admin'), 'fs', 'server_not_found'],
    ['for whom nothing is granted', scopes(), 'fs', 'forbidden'],
    ['that is seen', scopes('tools:call:fs/read'), 'fs', 'allowed'],
  ])('%s', (_what, grants, server, expected) => {
    expect(outcome(grants, request('ping', {}, server))).toBe(expected)
  })

  test('that does not exist and one that may not be seen are refused with the same', () => {
    const [grants] = [scopes('servers:fs')]

    expect(decide({ grants, policy }, request('ping', {}, 'strict'))).toEqual(
      decide({ grants, policy }, request('ping', {}, 'nowhere')),
    )
    expect(decide({ grants: scopes(), policy }, request('ping', {}, 'fs'))).toEqual({
      isAllowed: false,
      code: 'forbidden',
      data: { scopes: ['servers:fs'] },
    })
  })

  test('that requires scopes names all of them to whoever sees it', () => {
    const scopesOf = (grants: Grants) => decide({ grants, policy }, request('ping', {}, 'strict'))
    const refusal = {
      isAllowed: false,
      code: 'forbidden',
      data: { scopes: policy.servers.strict.requiredScopes },
    }

    expect(scopesOf(scopes('servers:strict'))).toEqual(refusal)
    expect(scopesOf(scopes('*'))).toEqual(refusal)
    expect(scopesOf(scopes('mfa', 'tools:call:strict/read'))).toEqual(refusal)
    expect(scopesOf(scopes('mfa', 'servers:strict'))).toEqual({ isAllowed: true })
    expect(outcome(scopes('mfa', 'tools:call:strict/*'), request('ping', {}, 'strict'))).toBe(
      'allowed',
    )
  })
})

const some = scopes(
  'tools:call:fs/read_*',
  'prompts:get:fs/hello',
  'resources:read:fs/file:///pub/*',
)

describe('a principal that may use some of a server', () => {
  test.each([
    ['tools/call', { name: 'read_file' }, 'allowed'],
    ['tools/call', { name: 'write_file' }, 'unknown_tool'],
    ['tools/call', { name: `write_${'x'.repeat(5_000)}` }, 'unknown_tool'],
    ['tools/call', { name: `read_${'x'.repeat(5_000)}` }, 'allowed'],
    ['tools/call', {}, 'allowed'],
    ['tools/call', { name: ['write_file'] }, 'invalid_params'],
    ['tools/call', { name: null }, 'invalid_params'],
    ['prompts/get', { name: 'hello' }, 'allowed'],
    ['prompts/get', { name: 'read_file' }, 'unknown_prompt'],
    ['resources/read', { uri: 'file:///pub/a' }, 'allowed'],
    ['resources/read', { uri: 'file:///etc/passwd' }, 'unknown_resource'],
    ['resources/read', { uri: 'file:///pub/../etc/passwd' }, 'unknown_resource'],
    ['resources/read', { uri: { toString: 'file:///etc' } }, 'invalid_params'],
    ['resources/read', { uri: 'hearth://spill/0' }, 'allowed'],
    ['resources/subscribe', { uri: 'hearth://spill/0' }, 'unknown_resource'],
    ['resources/subscribe', { uri: 'file:///pub/a' }, 'allowed'],
    ['resources/subscribe', { uri: 'file:///etc/passwd' }, 'unknown_resource'],
    ['resources/unsubscribe', { uri: 'file:///etc/passwd' }, 'unknown_resource'],
    ['completion/complete', { ref: { type: 'ref/prompt', name: 'hello' } }, 'allowed'],
    ['completion/complete', { ref: { type: 'ref/prompt', name: 'bye' } }, 'unknown_prompt'],
    ['completion/complete', { ref: { type: 'ref/resource', uri: 'file:///pub/{p}' } }, 'allowed'],
    [
      'completion/complete',
      { ref: { type: 'ref/resource', uri: 'file:///{p}' } },
      'unknown_resource',
    ],
    [
      'completion/complete',
      { ref: { type: 'ref/resource', uri: 'file:///etc' } },
      'unknown_resource',
    ],
    [
      'completion/complete',
      { ref: { type: 'ref/x', name: 'hello', uri: 'file:///' } },
      'unknown_resource',
    ],
    ['completion/complete', { ref: 'ref/prompt' }, 'invalid_params'],
    ['completion/complete', { ref: { type: 'ref/prompt', name: ['bye'] } }, 'invalid_params'],
    ['completion/complete', {}, 'allowed'],
    ['initialize', {}, 'allowed'],
    ['server/discover', {}, 'allowed'],
    ['ping', {}, 'allowed'],
    ['logging/setLevel', { level: 'info' }, 'allowed'],
    ['tools/list', {}, 'allowed'],
    ['subscriptions/listen', {}, 'allowed'],
    ['tasks/get', { taskId: 't' }, 'allowed'],
    ['tasks/list', {}, 'unknown_method'],
    ['server/own', { name: 'read_file' }, 'unknown_method'],
  ])('%s %j: %s', (method, params, expected) => {
    expect(outcome(some, request(method, params))).toBe(expected)
  })

  test('sends notifications and responses, and opens and ends streams', () => {
    const bodyless = { server: 'fs', isNoOp: false, facts: { era: 'legacy' } } as const

    expect(outcome(some, callOf({ method: 'notifications/initialized' }))).toBe('allowed')
    expect(outcome(some, callOf({ id: 9, result: {} }))).toBe('allowed')
    expect(outcome(some, { ...bodyless, http: 'GET' })).toBe('allowed')
    expect(outcome(some, { ...bodyless, http: 'DELETE' })).toBe('allowed')
  })

  test('is not decided on by one of two names', () => {
    const call = request('tools/call', { name: 'read_file' })
    const text =
      '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"rm","name":"read_file"}}'
    const body = { bytes: new TextEncoder().encode(text), text, value: JSON.parse(text) as unknown }

    expect(outcome(some, { ...call, body })).toBe('invalid_message')
    expect(outcome(scopes('*'), { ...call, body })).toBe('allowed')
  })

  test('is refused with nothing but what it said itself', () => {
    const refusal = (method: string, params: Record<string, unknown>) =>
      decide({ grants: some, policy }, request(method, params))

    expect(refusal('tools/call', { name: 'rm' })).toEqual({
      ...{ isAllowed: false, code: 'unknown_tool', detail: 'rm' },
    })
    expect(refusal('resources/read', { uri: 'file:///x' })).toEqual({
      ...{ isAllowed: false, code: 'unknown_resource', data: { uri: 'file:///x' } },
    })
    expect(refusal('tools/call', { name: 'x'.repeat(9_999) })).toMatchObject({
      detail: 'x'.repeat(256),
    })
    expect(refusal('resources/read', { uri: 'x'.repeat(9_999) })).toMatchObject({ data: {} })
  })
})

describe('the object is told what it leaves out by', () => {
  const accessOf = (grants: Grants, call: IncomingCall) => {
    const decision = decide({ grants, policy }, call)
    return decision.isAllowed ? decision.access : 'refused'
  }

  test.each([
    ['tools/list', { kind: 'tool', may: ['read_*'] }],
    ['prompts/list', { kind: 'prompt', may: ['hello'] }],
    ['resources/list', { kind: 'resource', may: ['file:///pub/*'] }],
    ['resources/templates/list', { kind: 'resource', may: ['file:///pub/*'] }],
    ['subscriptions/listen', { kind: 'resource', may: ['file:///pub/*'] }],
    ['initialize', { kind: 'resource', may: ['file:///pub/*'] }],
    ['ping', undefined],
    ['tools/call', undefined],
  ])('%s: %j', (method, access) => {
    expect(accessOf(some, request(method))).toEqual(access)
  })

  test('lists of tools go along, those of this server alone', () => {
    const allow = { tools: ['fs/read_*', 'other/x'], servers: ['fs'] }
    const deny = { tools: ['*/rm', 'other/y'] }

    expect(accessOf({ ...scopes('*'), allow, deny }, request('tools/list'))).toEqual({
      ...{ kind: 'tool', may: ['*'], only: ['read_*'], never: ['rm'] },
    })
  })

  test('a GET is told of resources; nobody who may use all is told anything', () => {
    const get: IncomingCall = { server: 'fs', http: 'GET', isNoOp: false, facts: { era: 'legacy' } }

    expect(accessOf(some, get)).toEqual({ kind: 'resource', may: ['file:///pub/*'] })
    expect(accessOf(scopes('servers:fs'), get)).toBeUndefined()
    expect(accessOf(scopes('*'), request('tools/list'))).toBeUndefined()
  })
})
