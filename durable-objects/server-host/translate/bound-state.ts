/**
 * The `requestState` of a modern server, bound to the principal that it was made for. The server
 * cannot do that itself: it is not told who calls (2026-07-28, basic/patterns/mrtr.mdx, Security).
 * `base64url(HMAC-SHA-256).{the server's state}`; the server's is neither read nor secret.
 */
import { fromBase64URL, toBase64URL, type RequestStateKey } from './request-state.ts'

/** Whose state it is, and of which server. */
export interface StateOwner {
  principal: string
  server: string
}

const MAC = /^([A-Za-z0-9_-]{43})\./

export async function bindState(
  key: RequestStateKey,
  owner: StateOwner,
  state: string,
): Promise<string> {
  const mac = await crypto.subtle.sign('HMAC', key, toBytes(owner, state))
  return `${toBase64URL(new Uint8Array(mac))}.${state}`
}

/** The server's own state; `undefined` for one that was not made for this principal and server. */
export async function openBoundState(
  key: RequestStateKey,
  owner: StateOwner,
  text: unknown,
): Promise<string | undefined> {
  const mac = typeof text === 'string' ? MAC.exec(text)?.[1] : undefined
  if (typeof text !== 'string' || mac === undefined) return undefined
  const bytes = fromBase64URL(mac)
  // One seal has one spelling: the spare bits of the last character are zero.
  if (toBase64URL(bytes) !== mac) return undefined
  const state = text.slice(mac.length + 1)
  // verify() compares in constant time.
  return (await crypto.subtle.verify('HMAC', key, bytes, toBytes(owner, state))) ? state : undefined
}

/** No other owner and state have the same bytes: the array's text says where each part ends. */
function toBytes({ principal, server }: StateOwner, state: string): Uint8Array<ArrayBuffer> {
  const text = JSON.stringify(['bound-state', principal, server, state])
  return new Uint8Array(new TextEncoder().encode(text))
}
