/** Says in `_meta` which call it is, whose, and by which gateway. Pure. */
import { isObjectAt } from '#protocol/json-scan.ts'
import { editObject, findSpans, splice } from '#protocol/json-splice.ts'
import { HEARTH_META } from '#protocol/transform.ts'
import type { CallContext, Stage } from './stage.ts'

export function createMetadata(gateway: string): Pick<Stage, 'onRequest' | 'onAnswer'> {
  const toFacts = ({ requestId, client }: CallContext): Record<string, string> => ({
    ...(requestId !== undefined && { [HEARTH_META.requestId]: JSON.stringify(requestId) }),
    ...(client && { [HEARTH_META.client]: JSON.stringify(client) }),
    [HEARTH_META.gateway]: JSON.stringify(gateway),
  })
  return {
    onRequest: (context, request) => addMeta(request, 'params', toFacts(context)),
    onAnswer: (context, response) => addMeta(response, 'result', toFacts(context)),
  }
}

/** A `_meta` that is no object stays what it is, and so does a message without such a member. */
function addMeta(
  message: Uint8Array,
  member: 'params' | 'result',
  facts: Record<string, string>,
): Uint8Array {
  const [whole, meta] = findSpans(message, [[member], [member, '_meta']])
  if (whole === undefined || !isObjectAt(message, whole.start)) return message
  if (meta !== undefined) return splice(message, editObject(message, meta, facts))
  const members = Object.entries(facts).map(([key, text]) => `${JSON.stringify(key)}:${text}`)
  return splice(message, editObject(message, whole, { _meta: `{${members.join(',')}}` }))
}
