/** What a server is asked to find out its eras, and what its answers say of them. Pure. */
import { GatewayError } from '#protocol/errors.ts'
import { isObject } from '#protocol/json-rpc.ts'
import { LATEST_LEGACY, LATEST_MODERN, META } from '#protocol/mcp.ts'
import { IMPLEMENTATION } from '#protocol/version.ts'
import { readDiscoverResult } from '../translate/initialize-result.ts'
import { initializeFault } from '../translate/server-facts.ts'
import { isTimeout } from './start-failure.ts'

/**
 * What a server answered to `server/discover` and to `initialize`; absent: it does not speak that era.
 * `discover` is valid, and has a revision that Hearth speaks; of `initialize` it is only an object.
 */
export interface Eras {
  discover?: Record<string, unknown>
  initialize?: Record<string, unknown>
  /** It answers `server/discover`, and was never asked to initialize: see `EraProbe.both`. */
  isUnasked?: true
}

export type Asked = { result: unknown } | { error: unknown }

/** `initialize` is absent where it was not asked. */
export interface AskedBoth {
  discover: Asked
  initialize?: Asked
}

/** As they came; of `initialize`, `null`: refused, `undefined`: not asked, or nothing. */
export interface Answers {
  discover: unknown
  initialize: unknown
}

export function settle(asked: Promise<unknown>): Promise<Asked> {
  return asked.then(
    (result) => ({ result }),
    (error: unknown) => ({ error }),
  )
}

/** What is no DiscoverResult with a revision in common proves nothing: some servers answer anything. */
export function toEras({ discover, initialize }: Answers): Eras {
  const isUnasked = initialize === undefined
  return {
    ...(isDiscoverResult(discover) && { discover, ...(isUnasked && { isUnasked }) }),
    ...(isObject(initialize) && { initialize }),
  }
}

export function isModern(discover: Asked): boolean {
  return isDiscoverResult(resultOf(discover))
}

function isDiscoverResult(discover: unknown): discover is Record<string, unknown> {
  return isObject(discover) && readDiscoverResult(discover, '') !== undefined
}

export function discoverParams(): Record<string, unknown> {
  return {
    _meta: {
      [META.protocolVersion]: LATEST_MODERN,
      [META.clientInfo]: IMPLEMENTATION,
      [META.clientCapabilities]: {},
    },
  }
}

export function initializeParams(): Record<string, unknown> {
  return { protocolVersion: LATEST_LEGACY, capabilities: {}, clientInfo: IMPLEMENTATION }
}

export function isSilence(asked: Asked): boolean {
  return 'error' in asked && isTimeout(asked.error)
}

/** A remote server that was not there, or not for us, at one of the two questions. */
export function isUnreached(asked?: Asked): boolean {
  return (
    asked !== undefined &&
    'error' in asked &&
    GatewayError.is(asked.error) &&
    asked.error.code.startsWith('remote_')
  )
}

export function resultOf(asked: Asked): unknown {
  return 'result' in asked ? asked.result : undefined
}

export function errorOf(asked: Asked): unknown {
  if ('error' in asked) return asked.error
  const detail = initializeFault(asked.result) ?? ''
  return new GatewayError('server_start_failed', { detail })
}

export function parse(text: string | null): unknown {
  return text === null ? undefined : (JSON.parse(text) as unknown)
}

export function toText(answer: unknown): string | null {
  return answer === undefined ? null : JSON.stringify(answer)
}
