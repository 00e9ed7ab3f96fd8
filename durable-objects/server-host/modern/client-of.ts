/** What a modern request says of its client. */
import type { HostCall } from '#protocol/host-call.ts'
import { findSpans, readValue } from '#protocol/json-splice.ts'
import { LATEST_MODERN, META } from '#protocol/mcp.ts'

export function clientOf({ protocolVersion }: HostCall, request: Uint8Array) {
  return {
    protocol: protocolVersion ?? LATEST_MODERN,
    clientInfo: () => readClientInfo(request),
  }
}

/** What the request says of its client. */
function readClientInfo(request: Uint8Array): unknown {
  const [info] = findSpans(request, [['params', '_meta', META.clientInfo]])
  return info && readValue(request, info)
}
