import { isUtf8 } from 'node:buffer'
import { classifyMessage } from '#protocol/json-rpc.ts'
import { skimMessage } from './skim.ts'
import type { Envelope } from '#protocol/json-rpc.ts'
import { mendMessage } from '#protocol/lenient-json-rpc.ts'

/** A parse of more than this would hold up the other processes' messages. */
const LARGE_BYTES = 128 * 1024

export interface ReadMessage {
  envelope: Envelope
  /** The message's bytes: the line itself, or its repair where it was not UTF-8. */
  payload: Uint8Array
}

/** Tells what a line is, or `undefined` when it is no JSON-RPC message, nor can be made one. Never throws. */
export function readMessage(bytes: Uint8Array): ReadMessage | undefined {
  const line = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const value = line.length > LARGE_BYTES ? skimMessage(line) : parse(line.toString('utf8'))
  const mended = mendMessage(value, () => line)
  if (mended !== undefined) return readMessage(mended)
  const envelope = classifyMessage(value)
  if (envelope === undefined) return undefined
  return { envelope, payload: isUtf8(line) ? bytes : Buffer.from(line.toString('utf8')) }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
