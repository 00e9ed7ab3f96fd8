/** What a POST to an MCP endpoint holds: one JSON-RPC message, and what its client takes for an answer. */
import { GatewayError } from '#protocol/errors.ts'
import { isObject, isRequestId } from '#protocol/json-rpc.ts'
import { mendMessage } from '#protocol/lenient-json-rpc.ts'
import { parseBody, type JSONBody } from '../body.ts'
import type { PostedMessage } from '../context.ts'
import type { CallRecord } from '../telemetry/record.ts'
import { toError } from './classification.ts'
import { readEnvelope } from './classify.ts'
import { isJSONContentType, readAccept } from './media-type.ts'

/** What a POST may be answered with. Throws `unsupported_media_type` and `not_acceptable`. */
export function requireAccept({ headers }: Request): PostedMessage['takes'] {
  if (!isJSONContentType(headers.get('Content-Type'))) {
    throw new GatewayError('unsupported_media_type')
  }
  const takes = readAccept(headers.get('Accept'))
  if (takes === 'neither') throw new GatewayError('not_acceptable')
  return takes
}

/** Tells the record which request an error would answer. */
export function readPost(
  given: JSONBody,
  takes: PostedMessage['takes'],
  record: CallRecord,
): PostedMessage {
  const body = mended(given)
  const envelope = readEnvelope(body.value)
  if (envelope.kind === 'rejected') {
    // An unanswerable message may still carry an id that its sender waits for.
    if (isObject(body.value) && isRequestId(body.value.id)) record.id = body.value.id
    throw toError(envelope)
  }
  if (envelope.kind === 'request') record.id = envelope.id
  if (envelope.kind !== 'response') record.method = envelope.method
  return { takes, envelope, body }
}

/** What strict servers would drop without a word. */
function mended(body: JSONBody): JSONBody {
  const bytes = mendMessage(body.value, () => body.bytes)
  return bytes === undefined ? body : parseBody(bytes)
}
