import { GatewayError } from '#protocol/errors.ts'
import type { HostCall } from '#protocol/host-call.ts'
import { isObject } from '#protocol/json-rpc.ts'
import { decode } from '../connection.ts'
import type { ToolFacts } from '../tools.ts'
import { verifyParamHeaders } from '../translate/x-mcp-header.ts'

/** Throws `header_mismatch` when `Mcp-Param-*` headers and arguments do not agree. */
export function checkParamHeaders(
  facts: ToolFacts | undefined,
  host: HostCall,
  body: Uint8Array,
): void {
  if (facts === undefined || facts.headers.length === 0) return
  const { params } = decode(body)
  const args = isObject(params) ? params.arguments : undefined
  const verdict = verifyParamHeaders(facts.headers, args, host.params ?? {})
  if (!verdict.ok) throw new GatewayError('header_mismatch', { detail: verdict.detail })
}
