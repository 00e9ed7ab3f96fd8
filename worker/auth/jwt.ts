/** A JWT in compact form (RFC 7519, RFC 7515) as its parts, of which nothing is proven yet. Pure. */
import { decode } from 'jose/base64url'
import { isObject } from '#protocol/json-rpc.ts'

const MAX_KEY_ID_CHARS = 256
/**
 * Base64url without padding whose unused bits are zero. With any others a changed token would have
 * the same signature as before.
 */
const CANONICAL = /^(?:[\w-]{4})*(?:[\w-][AQgw]|[\w-]{2}[AEIMQUYcgkosw048])?$/
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export interface JWTHeader {
  alg: string
  kid?: string
}

export interface ParsedJWT {
  header: JWTHeader
  payload: Record<string, unknown>
}

/** `undefined` for what is no JWT, or asks for something that is not done here (`crit`). */
export function parseJWT(token: string): ParsedJWT | undefined {
  const parts = token.split('.')
  if (parts.length !== 3 || !parts.every((part) => part !== '' && CANONICAL.test(part))) {
    return undefined
  }
  const header = toHeader(parseObject(parts[0]))
  const payload = parseObject(parts[1])
  return header && payload && { header, payload }
}

/** Keys that a header brings along (`jwk`, `jku`, `x5c`, `x5u`) are the sender's, and not looked at. */
function toHeader(header: Record<string, unknown> | undefined): JWTHeader | undefined {
  if (header === undefined || 'crit' in header) return undefined
  const { alg, kid } = header
  if (typeof alg !== 'string') return undefined
  if (kid === undefined) return { alg }
  return typeof kid === 'string' && kid.length <= MAX_KEY_ID_CHARS ? { alg, kid } : undefined
}

function parseObject(part = ''): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(decoder.decode(decode(part)))
    return isObject(value) ? value : undefined
  } catch {
    return undefined // neither UTF-8 nor JSON
  }
}
