/** What a request of the modern era repeats in its headers (2026-07-28, transports/streamable-http). Pure. */
import { HEADER, NAMED_PARAM } from '../mcp.ts'
import { valueAt, type HeaderAnnotation } from '../x-mcp-header.ts'

/** What passes through any proxy as it is; all else is written as base64 of its UTF-8. */
const PLAIN = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/
const PREFIX = '=?base64?'
const SUFFIX = '?='
/** A value this long would make the server refuse all headers: it is left out, and the server says so. */
const MAX_VALUE_CHARS = 8_192

const encoder = new TextEncoder()

export interface ModernRequest {
  method: string
  params: Record<string, unknown>
  version: string
  /** Of the tool that is called. */
  annotations: readonly HeaderAnnotation[]
}

export function toModernHeaders(request: ModernRequest): Record<string, string> {
  const { method, params, version, annotations } = request
  const headers: Record<string, string> = {
    [HEADER.protocolVersion]: version,
    [HEADER.method]: encodeHeaderValue(method),
  }
  const named = NAMED_PARAM[method]
  const name = named === undefined ? undefined : params[named]
  if (typeof name === 'string') headers[HEADER.name] = encodeHeaderValue(name)
  for (const { name: suffix, path } of annotations) {
    const value = valueAt(params.arguments, path)
    if (value === undefined || value === null || typeof value === 'object') continue
    const text = encodeHeaderValue(String(value))
    if (text.length <= MAX_VALUE_CHARS) headers[`${HEADER.param}${suffix.toLowerCase()}`] = text
  }
  return headers
}

export function encodeHeaderValue(text: string): string {
  if (text === '' || (PLAIN.test(text) && !text.startsWith(PREFIX))) return text
  const bytes = encoder.encode(text)
  let binary = ''
  for (const byte of bytes) binary += String.fromCharCode(byte)
  return `${PREFIX}${btoa(binary)}${SUFFIX}`
}
