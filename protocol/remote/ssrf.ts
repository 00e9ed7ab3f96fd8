/**
 * Which addresses a remote server is not reached at unless its configuration allows it: what is not
 * on the public internet, so that a configured URL reaches neither the machine, its network nor its
 * metadata service (server-side request forgery). Pure.
 */

/** First address and length of the prefix, of the registry for special purposes (RFC 6890). */
const SPECIAL_IPV4: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
]

const GROUPS = 8

/**
 * `undefined`: no address but a name. IPv6 with or without brackets and zone. IPv4 is four decimal
 * numbers: `URL` writes every other form of it so.
 */
export function classifyAddress(host: string): 'public' | 'private' | undefined {
  const text = host.replace(/^\[(.*)\]$/, '$1').replace(/%.*$/, '')
  const ipv4 = parseIPv4(text)
  if (ipv4 !== undefined) return isSpecialIPv4(ipv4) ? 'private' : 'public'
  const groups = parseIPv6(text)
  if (groups === undefined) return undefined
  return isPublicIPv6(groups) ? 'public' : 'private'
}

function isSpecialIPv4(address: number): boolean {
  return SPECIAL_IPV4.some(([first, bits]) => {
    const size = 2 ** (32 - bits)
    const start = parseIPv4(first) ?? 0
    return address >= start && address < start + size
  })
}

/** Global unicast (2000::/3) without what is set aside in it; what stands for an IPv4 address is as that. */
function isPublicIPv6(groups: readonly number[]): boolean {
  const [first = 0, second = 0] = groups
  const embedded = embeddedIPv4(groups)
  if (embedded !== undefined) return !isSpecialIPv4(embedded)
  if (first < 0x2000 || first > 0x3fff) return false
  const isProtocolAssignment = first === 0x2001 && second < 0x0200
  const isDocumentation =
    (first === 0x2001 && second === 0x0db8) || (first === 0x3fff && second < 0x1000)
  return !isProtocolAssignment && !isDocumentation
}

/** Mapped (::ffff:0:0/96), translated (64:ff9b::/96) and 6to4 (2002::/16) addresses. */
function embeddedIPv4(groups: readonly number[]): number | undefined {
  const isZero = (from: number, to: number) => groups.slice(from, to).every((group) => group === 0)
  const join = (at: number) => (groups[at] ?? 0) * 0x1_0000 + (groups[at + 1] ?? 0)
  if (groups[0] === 0x2002) return join(1)
  if (isZero(0, 5) && groups[5] === 0xffff) return join(6)
  if (groups[0] === 0x64 && groups[1] === 0xff9b && isZero(2, 6)) return join(6)
  return undefined
}

function parseIPv4(text: string): number | undefined {
  const parts = text.split('.')
  if (parts.length !== 4) return undefined
  let address = 0
  for (const part of parts) {
    if (!/^\d{1,3}$/.test(part) || Number(part) > 255) return undefined
    address = address * 256 + Number(part)
  }
  return address
}

function parseIPv6(text: string): number[] | undefined {
  const halves = text.split('::')
  if (!text.includes(':') || halves.length > 2) return undefined
  const [head, tail] = halves.map(parseGroups)
  if (head === undefined) return undefined
  if (halves.length === 1) return head.length === GROUPS ? head : undefined
  if (tail === undefined) return undefined
  const missing = GROUPS - head.length - tail.length
  if (missing < 1) return undefined
  return [...head, ...Array.from({ length: missing }, () => 0), ...tail]
}

function parseGroups(text: string): number[] | undefined {
  if (text === '') return []
  const groups: number[] = []
  const parts = text.split(':')
  for (const [at, part] of parts.entries()) {
    const ipv4 = at === parts.length - 1 ? parseIPv4(part) : undefined
    if (ipv4 !== undefined) groups.push(Math.floor(ipv4 / 0x1_0000), ipv4 % 0x1_0000)
    else if (/^[0-9a-f]{1,4}$/i.test(part)) groups.push(parseInt(part, 16))
    else return undefined
  }
  return groups
}
