/** Whether the `Mcp-Param-*` headers of a modern call say what its arguments do. */
import { GatewayError } from '#protocol/errors.ts'
import type { HostCall } from '#protocol/host-call.ts'
import { isObject } from '#protocol/json-rpc.ts'
import { verifyParamHeaders } from '#protocol/x-mcp-header.ts'
import { decode } from '../processes/connection.ts'
import type { AskTools, KnownTools, ToolsOwner } from '../processes/tools.ts'

/** Throws `header_mismatch`, and what asking the server for its tools fails with. */
export async function checkParamHeaders(
  { target = '', params: headers, catalog }: HostCall,
  body: Uint8Array,
  { tools, owner, ask }: { tools: KnownTools; owner: ToolsOwner; ask: AskTools },
): Promise<void> {
  let facts = (tools.peek(owner) ?? (await tools.of(owner, ask))).get(target)
  // Its client knows of no argument that a header repeats.
  if (catalog?.isWrapped === true) return
  if (facts === undefined && headers !== undefined) {
    tools.forget(owner.name)
    facts = (await tools.of(owner, ask)).get(target)
  }
  if (facts === undefined || facts.headers.length === 0) return
  const { params } = decode(body)
  const args = isObject(params) ? params.arguments : undefined
  const verdict = verifyParamHeaders(facts.headers, args, headers ?? {})
  if (!verdict.ok) throw new GatewayError('header_mismatch', { detail: verdict.detail })
}
