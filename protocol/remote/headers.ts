/** Which headers a remote server's configuration may set. Pure. */

/** RFC 9110, 5.6.2. */
export const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/

/** What an HTTP field takes, and what `fetch` does: no line ends, no character beyond Latin-1. */
// eslint-disable-next-line no-control-regex
export const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/

const MAX_HEADERS = 32

/** Written by the transport itself, or between two hops alone. */
const RESERVED =
  /^(host|connection|keep-alive|te|trailer|transfer-encoding|upgrade|expect|proxy-.*|content-(length|type|encoding)|accept|last-event-id|mcp-.*|sec-websocket-.*)$/i

/** Why these cannot be a server's headers. Quotes names, never a value. */
export function findHeaderFault(headers: Readonly<Record<string, string>>): string | undefined {
  const names = Object.keys(headers)
  if (names.length > MAX_HEADERS) return `at most ${MAX_HEADERS} headers`
  const reserved = names.find((name) => RESERVED.test(name))
  if (reserved !== undefined) return `${reserved} is written by the gateway itself`
  const lower = names.map((name) => name.toLowerCase())
  const twice = names.find((name, at) => lower.indexOf(name.toLowerCase()) !== at)
  return twice === undefined ? undefined : `${twice} is there twice`
}
