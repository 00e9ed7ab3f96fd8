/** What the engine must know of a message, out and in. Pure. */
import { markLength } from '../byte-order-mark.ts'
import {
  classifyMessage,
  isObject,
  isRequestId,
  type Envelope,
  type RequestId,
} from '../json-rpc.ts'
import { mendMessage } from '../lenient-json-rpc.ts'
import { META } from '../mcp.ts'

const LF = 0x0a
const CR = 0x0d
const SPACE = 0x20

const decoder = new TextDecoder()
const encoder = new TextEncoder()

export interface Outgoing {
  payload: Uint8Array
  envelope: Envelope
  params: Record<string, unknown>
  /** The revision that a request of the modern era names in its `_meta`. */
  modernVersion: string | undefined
  /** The request that a `notifications/cancelled` is about. */
  cancels: RequestId | undefined
}

export interface Incoming {
  /** On one line: it may become one line of stdio, or of an event stream. */
  payload: Uint8Array
  envelope: Envelope
  message: Record<string, unknown>
}

/** `undefined` for what is no JSON-RPC message. */
export function readOutgoing(payload: Uint8Array): Outgoing | undefined {
  const message = parse(decoder.decode(payload))
  const envelope = classifyMessage(message)
  if (envelope === undefined || !isObject(message)) return undefined
  const params = isObject(message.params) ? message.params : {}
  const version = isObject(params._meta) ? params._meta[META.protocolVersion] : undefined
  const isCancel = envelope.kind === 'notification' && envelope.method === 'notifications/cancelled'
  return {
    payload,
    envelope,
    params,
    modernVersion: typeof version === 'string' ? version : undefined,
    cancels: isCancel && isRequestId(params.requestId) ? params.requestId : undefined,
  }
}

/** The messages of one body or event, in order: a batch (2025-03-26) has several. */
export function readIncoming(body: Uint8Array): Incoming[] {
  const bytes = body.subarray(markLength(body))
  const text = decoder.decode(bytes)
  const value = parse(text)
  if (Array.isArray(value)) {
    return value.flatMap((item: unknown) =>
      toIncoming(item, () => encoder.encode(JSON.stringify(item))),
    )
  }
  // What was not UTF-8 is by now.
  return toIncoming(value, () => toOneLine(text.includes('\ufffd') ? encoder.encode(text) : bytes))
}

function toIncoming(message: unknown, toPayload: () => Uint8Array): Incoming[] {
  const mended = mendMessage(message, toPayload)
  if (mended !== undefined) return toIncoming(parse(decoder.decode(mended)), () => mended)
  const envelope = classifyMessage(message)
  if (envelope === undefined || !isObject(message)) return []
  return [{ payload: toPayload(), envelope, message }]
}

/** In JSON line ends stand between values alone, where a space means the same. */
function toOneLine(json: Uint8Array): Uint8Array {
  if (!json.includes(LF) && !json.includes(CR)) return json
  return json.map((byte) => (byte === LF || byte === CR ? SPACE : byte))
}

export function encodeMessage(message: object): Uint8Array {
  return encoder.encode(JSON.stringify(message))
}

export function decodeText(bytes: Uint8Array): string {
  return decoder.decode(bytes)
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // no message, as its caller will say
  }
}
