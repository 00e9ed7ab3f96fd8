/**
 * `requestState`: what a client brings back with the answers to an `input_required` result.
 * The client is not trusted with it, so it is sealed: `base64url(payload).base64url(HMAC-SHA-256)`,
 * bound to a principal, a request and a time. It is not secret, and a seal alone does not make it
 * single-use: the parked call it names is, since a retry takes it.
 */
import { toCanonicalJSON } from '#protocol/canonical-json.ts'
import { GatewayError } from '#protocol/errors.ts'
import { isObject } from '#protocol/json-rpc.ts'

/** Longest text that is opened; a real one has some 300 characters. */
export const MAX_REQUEST_STATE_BYTES = 4096

const VERSION = 1
const MAX_PARAMS_DEPTH = 256
const BASE64URL = /^[A-Za-z0-9_-]+$/

export interface RequestState {
  /** The object's own name for the parked call. */
  callKey: string
  principal: string
  /** `digestCall` of the request that was parked. */
  digest: string
  /** Epoch milliseconds from which on the state is refused. */
  expiresAt: number
}

export type RequestStateVerdict =
  | { ok: true; callKey: string }
  /** For logs; a client is told only that the state is not valid. */
  | {
      ok: false
      reason: 'malformed' | 'forged' | 'expired' | 'other_principal' | 'other_request'
    }

/** A `CryptoKey`, by a name that every runtime's types have. */
export type RequestStateKey = Awaited<ReturnType<typeof crypto.subtle.importKey>>

/** `secret`: 32 random bytes that serve nothing else. */
export function importRequestStateKey(secret: Uint8Array<ArrayBuffer>): Promise<RequestStateKey> {
  const algorithm = { name: 'HMAC', hash: 'SHA-256' }
  return crypto.subtle.importKey('raw', secret, algorithm, false, ['sign', 'verify'])
}

/**
 * What makes two requests the same call. `_meta` is left out with the answers and the state: a
 * retry has its own progress token and trace. Throws `invalid_params` for params nested too deep.
 */
export async function digestCall(method: string, params: unknown): Promise<string> {
  const call = isObject(params) ? { ...params } : {}
  delete call._meta
  delete call.inputResponses
  delete call.requestState
  const canonical = toCanonicalJSON(call, MAX_PARAMS_DEPTH)
  if (canonical === undefined) {
    throw new GatewayError('invalid_params', { detail: `nested deeper than ${MAX_PARAMS_DEPTH}` })
  }
  const text = `${method}\n${canonical}`
  return toBase64URL(new Uint8Array(await crypto.subtle.digest('SHA-256', utf8(text))))
}

/** Throws `TypeError` when names are so long that the state could not be opened again. */
export async function sealRequestState(key: RequestStateKey, state: RequestState): Promise<string> {
  const { callKey, principal, digest, expiresAt: exp } = state
  const payload = toBase64URL(utf8(JSON.stringify({ v: VERSION, callKey, principal, digest, exp })))
  const mac = await crypto.subtle.sign('HMAC', key, utf8(payload))
  const text = `${payload}.${toBase64URL(new Uint8Array(mac))}`
  if (text.length > MAX_REQUEST_STATE_BYTES) {
    throw new TypeError(`request state of ${text.length} bytes`)
  }
  return text
}

/** `asked` is the retry: who sends it, its `digestCall`, and the time in epoch milliseconds. */
export async function openRequestState(
  key: RequestStateKey,
  text: unknown,
  asked: { principal: string; digest: string; now: number },
): Promise<RequestStateVerdict> {
  const parts = splitState(text)
  if (parts === undefined) return { ok: false, reason: 'malformed' }
  // verify() compares in constant time.
  const genuine = await crypto.subtle.verify('HMAC', key, parts.mac, utf8(parts.payload))
  if (!genuine) return { ok: false, reason: 'forged' }
  const state: unknown = JSON.parse(new TextDecoder().decode(fromBase64URL(parts.payload)))
  if (!isObject(state) || state.v !== VERSION || typeof state.callKey !== 'string') {
    return { ok: false, reason: 'malformed' }
  }
  if (typeof state.exp !== 'number' || state.exp <= asked.now) {
    return { ok: false, reason: 'expired' }
  }
  if (state.principal !== asked.principal) return { ok: false, reason: 'other_principal' }
  if (state.digest !== asked.digest) return { ok: false, reason: 'other_request' }
  return { ok: true, callKey: state.callKey }
}

function splitState(text: unknown): { payload: string; mac: Uint8Array } | undefined {
  if (typeof text !== 'string' || text.length > MAX_REQUEST_STATE_BYTES) return undefined
  const [payload = '', mac = '', ...rest] = text.split('.')
  if (rest.length > 0 || !BASE64URL.test(payload) || !BASE64URL.test(mac)) return undefined
  if (payload.length % 4 === 1 || mac.length % 4 === 1) return undefined
  const bytes = fromBase64URL(mac)
  // One seal has one spelling: the spare bits of the last character are zero.
  return toBase64URL(bytes) === mac ? { payload, mac: bytes } : undefined
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

export function toBase64URL(bytes: Uint8Array): string {
  const base64 = btoa(String.fromCharCode(...bytes))
  return base64.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

export function fromBase64URL(text: string): Uint8Array {
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'))
  return new Uint8Array(Array.from(binary, (char) => char.charCodeAt(0)))
}
