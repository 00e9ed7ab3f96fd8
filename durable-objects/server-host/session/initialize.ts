/** The request that begins a session, and the answer of a gateway that gives it itself. Pure. */
import { GatewayError } from '#protocol/errors.ts'
import type { HostCall } from '#protocol/host-call.ts'
import { isObject } from '#protocol/json-rpc.ts'
import { decode, encode } from '../processes/connection.ts'
import type { Eras } from '../processes/era-answers.ts'
import type { Server } from '../processes/servers.ts'
import { requireFacts } from '../processes/spoken-facts.ts'
import type { SessionRecord } from '../store/session-store.ts'
import type { SessionServer } from './upstream/upstream.ts'
import { toInitializeResult } from '../translate/initialize-result.ts'
import { completeInitializeResult, initializeFault } from '../translate/server-facts.ts'

/** Its params are kept with the session. */
const MAX_INITIALIZE_BYTES = 256 * 1024

/** Throws `session_required` for any other request without a session. */
export function requireInitialize({ envelope }: HostCall): void {
  const isInitialize = envelope?.kind === 'request' && envelope.method === 'initialize'
  if (!isInitialize) throw new GatewayError('session_required')
}

/** The client's `initialize` as the server gets it: without `roots` unless they are allowed. */
export function prepareInitialize(
  body: Uint8Array,
  hasRoots: boolean,
): { body: Uint8Array; params: unknown } {
  if (body.length > MAX_INITIALIZE_BYTES) {
    throw new GatewayError('invalid_params', {
      detail: `initialize is larger than ${MAX_INITIALIZE_BYTES} bytes`,
    })
  }
  const message = decode(body)
  const { params } = message
  if (!isObject(params))
    throw new GatewayError('invalid_params', { detail: 'initialize has no params' })
  const told = hasRoots ? params : withoutRoots(params)
  return told === params
    ? { body, params }
    : { body: encode({ ...message, params: told }), params: told }
}

/** The params of a session's `initialize` as its server gets them: those of the catalog are for many servers. */
export function initializeFor(
  { initialize }: Pick<SessionRecord, 'initialize'>,
  { config: { roots } }: SessionServer,
): Record<string, unknown> {
  const params = JSON.parse(initialize) as Record<string, unknown>
  return roots ? params : withoutRoots(params)
}

function withoutRoots(params: Record<string, unknown>): Record<string, unknown> {
  const { capabilities } = params
  if (!isObject(capabilities) || !('roots' in capabilities)) return params
  const { roots: _, ...rest } = capabilities
  return { ...params, capabilities: rest }
}

/**
 * A process's own answer as its client gets it, or `server_start_failed` when nothing can be made of it:
 * that depends on what this client asked for.
 */
export function settleInitialize(
  result: unknown,
  { initialize, server }: Pick<SessionRecord, 'initialize' | 'server'>,
): Record<string, unknown> | GatewayError {
  const { protocolVersion: asked } = JSON.parse(initialize) as Record<string, unknown>
  const detail = initializeFault(result, asked)
  if (detail === undefined) return completeInitializeResult(result, asked, server)
  return new GatewayError('server_start_failed', { detail, isBlameless: true })
}

/** What a gateway that initialises a server itself tells a legacy client of it. */
export function announce({ name }: Server, spoken: Eras, params: unknown): Record<string, unknown> {
  const facts = requireFacts(spoken, name, 'legacy')
  return toInitializeResult(facts, isObject(params) ? params.protocolVersion : undefined)
}
