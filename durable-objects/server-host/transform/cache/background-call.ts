/** A call that nobody waits for: it only renews what is kept. */
import type { HostCall } from '#protocol/host-call.ts'
import { editObject, findSpans, setValue, splice } from '#protocol/json-splice.ts'
import { ClientCall } from '../../call/client-call.ts'
import type { CallReply } from '../../call/reply.ts'
import type { CallTransform } from '../../call/call-transform.ts'

const NOBODY: CallReply = {
  answer: () => undefined,
  fail: () => undefined,
  event: () => undefined,
  abandon: () => undefined,
}

/** Under an id of its own, without progress; it is not logged, and no limit counts it. */
export function createBackgroundCall(
  host: HostCall,
  request: Uint8Array,
  timeoutMs: number,
  transform: CallTransform,
): { call: ClientCall; body: Uint8Array } {
  const id = `refresh:${crypto.randomUUID()}`
  const method = host.envelope?.kind === 'request' ? host.envelope.method : ''
  const { progressToken: _token, occupancies: _counted, ...rest } = host
  const body = withoutProgress(setValue(request, ['id'], JSON.stringify(id)))
  const call = new ClientCall({
    host: { ...rest, envelope: { kind: 'request', id, method } },
    ...{ id, body, reply: NOBODY, timeoutMs, transform },
    log: undefined,
    onSettled: () => undefined,
  })
  return { call, body }
}

function withoutProgress(request: Uint8Array): Uint8Array {
  const [meta] = findSpans(request, [['params', '_meta']])
  if (meta === undefined) return request
  return splice(request, editObject(request, meta, { progressToken: undefined }))
}
