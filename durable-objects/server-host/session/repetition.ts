/** Which calls may run once more, after their process is gone or has failed them. Pure but for the question. */
import { REPEATABLE_METHODS } from '#protocol/mcp.ts'
import type { ClientCall } from '../call/client-call.ts'
import type { ToolFacts } from '../processes/tools.ts'

type Tools = ReadonlyMap<string, ToolFacts>

function isToolCall({ host: { envelope } }: ClientCall): boolean {
  return envelope?.kind === 'request' && envelope.method === 'tools/call'
}

/** Whether it may be, once it is known what its tool says of itself. */
export function isCandidate(call: ClientCall): boolean {
  const { envelope } = call.host
  if (call.repeated || call.body === undefined || envelope?.kind !== 'request') return false
  const { method } = envelope
  return call.undelivered || method === 'tools/call' || REPEATABLE_METHODS.has(method)
}

/** Whether a candidate is one; `tools` is absent where no candidate needs them. */
export function isSafe(call: ClientCall, tools: Tools | undefined): boolean {
  if (call.undelivered || !isToolCall(call)) return true
  return tools?.get(call.host.target ?? '')?.repeatable === true
}

/** The same for a call that a process has seen. */
export async function isRepeatable(
  call: ClientCall,
  listTools: () => Promise<Tools>,
): Promise<boolean> {
  const { envelope, target } = call.host
  if (envelope?.kind !== 'request') return false
  if (envelope.method !== 'tools/call') return REPEATABLE_METHODS.has(envelope.method)
  return (await listTools()).get(target ?? '')?.repeatable === true
}
