import { isUtf8 } from 'node:buffer'
import { classifyMessage, isObject, isRequestId } from '#protocol/json-rpc.ts'
import { skimMessage } from './skim.ts'
import type { Envelope, RequestId } from '#protocol/json-rpc.ts'

/** A parse of more than this would hold up the other processes' messages. */
const LARGE_BYTES = 128 * 1024

export interface ReadMessage {
  envelope: Envelope
  /** The message's bytes: the line itself, or its repair where it was not UTF-8. */
  payload: Uint8Array
  /** `params.requestId` of a `notifications/cancelled`. */
  cancels?: RequestId
}

/** Tells what a line is, or `undefined` when it is no JSON-RPC message. Never throws. */
export function readMessage(bytes: Uint8Array): ReadMessage | undefined {
  const line = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const value = line.length > LARGE_BYTES ? skimMessage(line) : parse(line.toString('utf8'))
  const envelope = classifyMessage(value)
  if (envelope === undefined) return undefined
  const payload = isUtf8(line) ? bytes : Buffer.from(line.toString('utf8'))
  if (envelope.kind === 'notification' && envelope.method === 'notifications/cancelled') {
    const cancels = cancelledId(value)
    if (cancels !== undefined) return { envelope, payload, cancels }
  }
  return { envelope, payload }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function cancelledId(value: unknown): RequestId | undefined {
  if (!isObject(value) || !isObject(value.params)) return undefined
  return isRequestId(value.params.requestId) ? value.params.requestId : undefined
}
