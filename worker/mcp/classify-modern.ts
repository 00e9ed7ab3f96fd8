/**
 * Requests of 2026-07-28, in which each stands alone: `_meta` says what a session would have said,
 * and the headers must repeat the body (streamable-http, Standard MCP Headers). Pure.
 */
import { toCanonicalJSON } from '#protocol/canonical-json.ts'
import { isObject, type Envelope } from '#protocol/json-rpc.ts'
import { eraOf, HEADER, META, MODERN_METHODS, MODERN_REVISIONS } from '#protocol/mcp.ts'
import { toCallFacts, targetOf } from './call-facts.ts'
import { reject, type Classification, type Rejection } from './classification.ts'
import { decodeHeaderValue, readOnce } from './header-value.ts'

const MAX_CAPABILITIES_CHARS = 8192
const MAX_CAPABILITIES_DEPTH = 16
const MAX_PARAM_HEADERS = 64
/** Of a client's name and of its version each; what is longer is cut. */
const MAX_CLIENT_CHARS = 128
const LOG_LEVELS: readonly unknown[] = [
  'debug',
  'info',
  'notice',
  'warning',
  'error',
  'critical',
  'alert',
  'emergency',
]

export function classifyModern(
  headers: Headers,
  envelope: Envelope,
  params: Record<string, unknown>,
): Classification {
  if (envelope.kind === 'response') {
    return reject('invalid_message', 'responses are not posted in this protocol revision')
  }
  const meta = isObject(params._meta) ? params._meta : {}
  if (envelope.kind === 'notification') return classifyNotification(headers, envelope, meta)
  return (
    checkVersion(headers, meta) ??
    checkNames(headers, envelope, params) ??
    checkMeta(meta) ??
    (MODERN_METHODS.has(envelope.method) ? undefined : reject('method_not_found')) ??
    toCall(headers, envelope, params, meta)
  )
}

/** No client notification has a meaning over HTTP in this revision: a disconnect cancels. */
function classifyNotification(
  headers: Headers,
  envelope: Envelope & { kind: 'notification' },
  meta: Record<string, unknown>,
): Classification {
  const claimed = meta[META.protocolVersion]
  const version = readOnce(headers, HEADER.protocolVersion)
  if (claimed !== undefined && version !== null && version !== claimed) {
    return mismatch(HEADER.protocolVersion)
  }
  const method = headers.get(HEADER.method)
  if (method !== null && method !== envelope.method) return mismatch(HEADER.method)
  return { kind: 'accepted', facts: { era: 'modern', envelope } }
}

function checkVersion(headers: Headers, meta: Record<string, unknown>): Rejection | undefined {
  const claimed = meta[META.protocolVersion]
  if (typeof claimed !== 'string') return invalidMeta(META.protocolVersion)
  const header = readOnce(headers, HEADER.protocolVersion)
  if (header !== claimed) return mismatch(HEADER.protocolVersion)
  if (eraOf(claimed) === 'modern') return undefined
  const supported = [...MODERN_REVISIONS]
  return reject('unsupported_version', undefined, { supported, requested: claimed })
}

function checkNames(
  headers: Headers,
  envelope: Envelope & { kind: 'request' },
  params: Record<string, unknown>,
): Rejection | undefined {
  if (headers.get(HEADER.method) !== envelope.method) return mismatch(HEADER.method)
  const name = headers.get(HEADER.name)
  const target = targetOf(envelope, params)
  // Where the body has no name either, that is for the server to refuse.
  if (target === undefined) return undefined
  return name !== null && decodeHeaderValue(name) === target ? undefined : mismatch(HEADER.name)
}

function checkMeta(meta: Record<string, unknown>): Rejection | undefined {
  if (!isObject(meta[META.clientCapabilities])) return invalidMeta(META.clientCapabilities)
  const clientInfo = meta[META.clientInfo]
  if (clientInfo !== undefined && !isObject(clientInfo)) return invalidMeta(META.clientInfo)
  const logLevel = meta[META.logLevel]
  if (logLevel !== undefined && !LOG_LEVELS.includes(logLevel)) return invalidMeta(META.logLevel)
  return undefined
}

function toCall(
  headers: Headers,
  envelope: Envelope & { kind: 'request' },
  params: Record<string, unknown>,
  meta: Record<string, unknown>,
): Classification {
  const capabilities = toCanonicalJSON(meta[META.clientCapabilities], MAX_CAPABILITIES_DEPTH)
  if (capabilities === undefined || capabilities.length > MAX_CAPABILITIES_CHARS) {
    return invalidMeta(META.clientCapabilities)
  }
  const paramHeaders = envelope.method === 'tools/call' ? readParamHeaders(headers) : {}
  if (paramHeaders === undefined) return mismatch(`${HEADER.param}*`)
  const facts = toCallFacts('modern', envelope, params)
  facts.protocolVersion = String(meta[META.protocolVersion])
  facts.capabilities = capabilities
  const client = readClient(meta[META.clientInfo])
  if (client !== undefined) facts.client = client
  if (meta[META.logLevel] !== undefined) facts.logLevel = String(meta[META.logLevel])
  if (params.requestState !== undefined) facts.retries = true
  if (Object.keys(paramHeaders).length > 0) facts.params = paramHeaders
  return { kind: 'call', facts }
}

function readClient(info: unknown): string | undefined {
  if (!isObject(info)) return undefined
  const cut = (text: unknown) => (typeof text === 'string' ? text.slice(0, MAX_CLIENT_CHARS) : '')
  return JSON.stringify([cut(info.name), cut(info.version)])
}

/** `undefined` when a value is malformed, or there are too many. */
function readParamHeaders(headers: Headers): Record<string, string> | undefined {
  const found: [string, string][] = []
  for (const [name, value] of headers) {
    if (!name.startsWith(HEADER.param)) continue
    const decoded = decodeHeaderValue(value)
    if (decoded === undefined || found.length >= MAX_PARAM_HEADERS) return undefined
    found.push([name.slice(HEADER.param.length), decoded])
  }
  return Object.fromEntries(found)
}

function mismatch(header: string): Rejection {
  return reject('header_mismatch', header, { header })
}

function invalidMeta(key: string): Rejection {
  return reject('invalid_params', `_meta lacks a valid "${key}"`, { key })
}
