/** The URL of a remote server: what it may be, and which hosts are private by their names. Pure. */
import { classifyAddress } from './ssrf.ts'

const SCHEMES: ReadonlySet<string> = new Set(['http:', 'https:', 'ws:', 'wss:'])

/**
 * Names that lead to the machine or its network by what they are. One without a dot is completed
 * from the network's own search list.
 */
const PRIVATE_NAME = /(^|\.)(localhost|local|internal|intranet|private|corp|lan|home|home\.arpa)$/

/** Why a text is no URL of a server. Never quotes it: somebody may have written a password into it. */
export function findURLFault(text: string): string | undefined {
  if (!URL.canParse(text)) return 'must be a URL'
  const { protocol, username, password, hash } = new URL(text)
  if (!SCHEMES.has(protocol)) return 'must begin with https:, http:, wss: or ws:'
  if (username !== '' || password !== '') return 'has a user or a password: use headers'
  return hash === '' ? undefined : 'must not have a #fragment'
}

/**
 * Whether the host that a URL names is certainly not on the public internet. `URL` has written
 * decimal, octal and hexadecimal addresses as four numbers by then. A public name may still resolve
 * to a private address: only who resolves it can tell.
 */
export function isPrivateHost({ hostname }: URL): boolean {
  const host = hostname.toLowerCase().replace(/\.$/, '')
  const kind = classifyAddress(host)
  if (kind !== undefined) return kind === 'private'
  return !host.includes('.') || PRIVATE_NAME.test(host)
}

/**
 * Whether a request to `url` may leave the public internet. What `allowPrivate` allows is the host and port
 * that are configured: a server's redirect does not choose which of a network's others are reached.
 */
export function mayBePrivate(
  url: URL,
  { url: configured, allowPrivate }: { url: string; allowPrivate: boolean },
): boolean {
  return allowPrivate && url.host === withScheme(configured, 'http').host
}

/** As it is fetched, or dialled: `ws:` and `http:` are two spellings of one server. */
export function withScheme(url: string, kind: 'http' | 'ws'): URL {
  const parsed = new URL(url)
  const isSecure = parsed.protocol === 'https:' || parsed.protocol === 'wss:'
  parsed.protocol = `${kind}${isSecure ? 's' : ''}:`
  return parsed
}
