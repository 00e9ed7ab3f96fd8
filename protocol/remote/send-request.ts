/**
 * One HTTP request to a remote server, over redirects that are followed by hand: configured headers
 * are credentials, and go to the origin of the configured URL alone.
 */
import { GatewayError } from '../errors.ts'
import { toUnreachable } from './failures.ts'
import type { RemoteFetch, RemoteRequest, RemoteResponse, RemoteTarget } from './remote.ts'
import { isPrivateHost, mayBePrivate } from './url.ts'

const MAX_REDIRECTS = 3
/** 303 asks for another method, which is no request of the protocol. */
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 307, 308])

export interface Sender {
  target: Pick<RemoteTarget, 'url' | 'headers' | 'allowPrivate'>
  fetch: RemoteFetch
}

export interface Answer {
  response: RemoteResponse
  /** Where it came from, after redirects. */
  url: URL
}

/** `request.headers` win over configured ones. Throws a `GatewayError` when no answer came, or none may be sought. */
export async function sendRequest(
  { target, fetch }: Sender,
  url: URL,
  request: RemoteRequest,
): Promise<Answer> {
  const headers = { ...lowercase(target.headers), ...request.headers }
  let at = url
  for (let redirects = 0; ; redirects++) {
    requireAllowed(at, target)
    const response = await fetch(at.href, { ...request, headers }).catch((error: unknown) => {
      throw toUnreachable(error, at)
    })
    if (!REDIRECTS.has(response.status)) return { response, url: at }
    const next = resolve(response.headers.get('location'), at)
    await response.body?.cancel().catch(() => undefined) // it was nothing but a page for people
    if (redirects >= MAX_REDIRECTS) throw refuse(at, `redirects more than ${MAX_REDIRECTS} times`)
    requireFollowed(at, next, Object.keys(target.headers).length > 0)
    at = next
  }
}

/** Throws `remote_address_forbidden`. */
export function requireAllowed(url: URL, target: Pick<RemoteTarget, 'url' | 'allowPrivate'>): void {
  if (!isPrivateHost(url) || mayBePrivate(url, target)) return
  const why = target.allowPrivate ? `: allowPrivate is for ${new URL(target.url).host} alone` : ''
  throw new GatewayError('remote_address_forbidden', { detail: `${url.host}${why}` })
}

function requireFollowed(
  from: URL,
  to: URL | undefined,
  hasCredentials: boolean,
): asserts to is URL {
  if (to === undefined) throw refuse(from, 'redirects to nowhere')
  if (to.protocol !== 'https:' && to.protocol !== from.protocol) {
    throw refuse(from, `redirects from https to ${to.protocol}//${to.host}`)
  }
  if (hasCredentials && to.origin !== from.origin) {
    throw refuse(from, `redirects to ${to.origin}, which its headers are not for`)
  }
}

function resolve(location: string | null, base: URL): URL | undefined {
  if (location === null || !URL.canParse(location, base.href)) return undefined
  const url = new URL(location, base.href)
  return url.protocol === 'https:' || url.protocol === 'http:' ? url : undefined
}

function refuse({ host }: URL, why: string): GatewayError {
  return new GatewayError('remote_refused', { detail: `${host} ${why}` })
}

function lowercase(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
  )
}
