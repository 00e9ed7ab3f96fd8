/** A tenant, its policies and a call, as each step finds them on a warm `tools/call`. */
import { DEFAULT_CATALOG } from '../../protocol/catalog.ts'
import type { MessageMeta, SentMeta } from '../../protocol/link.ts'
import { FRAME } from '../../protocol/link/frame.ts'
import { Limits } from '../../protocol/limits.ts'
import { Routes } from '../../protocol/routes.ts'
import type { Grants } from '../../protocol/scopes.ts'
import type { TenantPolicy, Verdict } from '../../protocol/tenant.ts'
import { parseBody } from '../../worker/body.ts'
import type { IncomingCall } from '../../worker/context.ts'
import type { CallRecord } from '../../worker/telemetry/record.ts'

const SECRET = 'ab'.repeat(32)
export const TOKEN = `hearth_acme_0123abcd_${SECRET}`
const PROCESS = 7

const REQUEST = {
  jsonrpc: '2.0',
  id: 17,
  method: 'tools/call',
  params: { name: 'echo', arguments: { message: 'hello' }, _meta: { progressToken: 5 } },
}
const ANSWER = { jsonrpc: '2.0', id: 17, result: { content: [{ type: 'text', text: 'hello' }] } }

export const requestBytes = toBytes(REQUEST)
const answerBytes = toBytes(ANSWER)

/** Eight, of which the call takes the last. */
export const routes = Routes.parse(
  ['github', 'linear', 'slack', 'sentry', 'notion', 'stripe', 'figma', 'everything'].map(
    (server) => ({ name: server, match: { tools: [`${server}__*`] } }),
  ),
)

const [bucket, ...others] = Limits.parse([
  { name: 'tenant', per: 'tenant', algorithm: 'token-bucket', limit: 1e9, windowMs: 60_000 },
  { name: 'caller', per: 'principal', algorithm: 'sliding-window', limit: 1e9, windowMs: 60_000 },
  { name: 'tool', per: 'tool', algorithm: 'fixed-window', limit: 1e9, windowMs: 60_000 },
  { name: 'monthly', per: 'principal', algorithm: 'quota', limit: 1e9, period: 'month' },
])
export const oneLimit = bucket === undefined ? [] : [bucket]
export const fourLimits = [...oneLimit, ...others]

export const restricted: Grants = {
  scopes: ['tools:call:memory/*', 'tools:call:everything/*'],
  deny: { tools: ['*/get-env'] },
}

export function toVerdict(limits: Limits = [], grants: Grants = { scopes: ['*'] }): Verdict {
  const policy: TenantPolicy = {
    configVersion: 7,
    servers: { everything: { requiredScopes: [], limits: [] } },
    limits,
    catalog: DEFAULT_CATALOG,
    routes: [],
    limiterShards: 1,
    authorizationServers: [],
  }
  const principal = 'token:0123abcd'
  return { tenant: 'acme', principal, credential: principal, grants, policy }
}

export const record: CallRecord = { requestId: crypto.randomUUID(), receivedAt: Date.now() }

export const call: IncomingCall = {
  server: 'everything',
  http: 'POST',
  facts: {
    era: 'legacy',
    envelope: { kind: 'request', id: 17, method: 'tools/call' },
    target: 'echo',
    progressToken: 5,
    sessionId: `main.${'0f'.repeat(16)}`,
    protocolVersion: '2025-06-18',
  },
  body: parseBody(requestBytes.slice()),
  isNoOp: false,
}

const sent: SentMeta = { call: 'c-1a2b3c' }
export const sentFrame = {
  ...{ type: FRAME.message, channel: PROCESS, seq: 1_234, ack: 1_233 },
  ...{ meta: sent, payload: requestBytes },
}
const told: MessageMeta = { kind: 'response', id: 17, call: 'c-1a2b3c', ms: 1 }
export const answerFrame = { ...sentFrame, meta: told, payload: answerBytes }

function toBytes(message: object): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(message))
}
