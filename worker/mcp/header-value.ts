/** Values of MCP's headers. Pure. */

const PREFIX = '=?base64?'
const SUFFIX = '?='
const CANONICAL_BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * A header of one value, `null` where it is empty. Clients and proxies are known to send one twice: then
 * it comes as a list, which counts as one value where all of them are the same.
 */
export function readOnce(headers: Headers, name: string): string | null {
  const value = headers.get(name)
  if (!value) return null
  if (!value.includes(',')) return value
  const [first = '', ...others] = value.split(',').map((one) => one.trim())
  return others.every((other) => other === first) ? first : value
}

/**
 * The value that an `Mcp-Name` or `Mcp-Param-*` header stands for (streamable-http, Header Value
 * Encoding); `undefined` when it claims Base64 and is not UTF-8 in Base64.
 */
export function decodeHeaderValue(value: string): string | undefined {
  const encoded =
    value.startsWith(PREFIX) &&
    value.endsWith(SUFFIX) &&
    value.length >= PREFIX.length + SUFFIX.length
  if (!encoded) return value
  const base64 = value.slice(PREFIX.length, -SUFFIX.length)
  if (!CANONICAL_BASE64.test(base64)) return undefined
  try {
    return decoder.decode(Uint8Array.from(atob(base64), (char) => char.charCodeAt(0)))
  } catch {
    // The bytes are not UTF-8.
    return undefined
  }
}
