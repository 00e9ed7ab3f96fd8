/** Good tokens made bad in one of many ways, by a seeded chance. */
import { encodePart } from './issuing.ts'

/** Below one. */
type Random = () => number
type Mutation = (token: string, random: Random) => string

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~+/='
const ODD = [
  '\0',
  ' ',
  '\t',
  ',',
  '"',
  '\\',
  '%2e',
  '%00',
  '\u00e9',
  '\u2028',
  '\ud800',
  '{}',
  '&#46;',
]
const ALGORITHMS = [
  'none',
  'None',
  'HS256',
  'HS512',
  'RS256',
  'ES256',
  'EdDSA',
  'PS256',
  '',
  null,
  7,
  {},
]
const CLAIMS: Record<string, unknown>[] = [
  { sub: 'root' },
  { scope: '*' },
  { aud: '*' },
  { exp: 9e9 },
  { exp: 1e308, nbf: -1 },
  { iss: null },
  { __proto__: { sub: 'root' } },
  { tenant: 'other', admin: true },
]
const HEADERS: Record<string, unknown>[] = [
  { crit: ['exp'], exp: 1 },
  { b64: false, crit: ['b64'] },
  { kid: '../../dev/null' },
  { kid: "' OR 1=1 --" },
  { jku: 'http://127.0.0.1:1/keys' },
  { jwk: { kty: 'oct', k: 'AA' } },
  { x5u: 'http://127.0.0.1:1/' },
  { typ: 'JWE', enc: 'A256GCM' },
  { zip: 'DEF' },
]

export function pick<T>(items: readonly T[], random: Random): T {
  return items[Math.floor(random() * items.length)] as T
}

const at = (token: string, random: Random) => Math.floor(random() * (token.length + 1))

function editPart(n: 0 | 1, changes: readonly Record<string, unknown>[]): Mutation {
  return (token, random) => {
    const parts = token.split('.')
    const text = Buffer.from(parts[n] ?? '', 'base64url').toString()
    parts[n] = encodePart({ ...readObject(text), ...pick(changes, random) })
    return parts.join('.')
  }
}

function readObject(text: string): object {
  try {
    return JSON.parse(text) as object
  } catch {
    return {}
  }
}

const MUTATIONS: readonly Mutation[] = [
  function replaceOne(token, random) {
    const n = at(token, random)
    return token.slice(0, n) + pick([...LETTERS], random) + token.slice(n + 1)
  },
  function insertSome(token, random) {
    const n = at(token, random)
    return token.slice(0, n) + pick([...LETTERS, ...ODD], random) + token.slice(n)
  },
  function cut(token, random) {
    const [from = 0, to] = [at(token, random), at(token, random)].toSorted((a, b) => a - b)
    return token.slice(0, from) + token.slice(to)
  },
  function truncate(token, random) {
    return token.slice(0, at(token, random))
  },
  function repeatSome(token, random) {
    const n = at(token, random)
    return token.slice(0, n) + token.slice(0, n) + token.slice(n)
  },
  function makeHuge(token, random) {
    return token + 'A'.repeat(Math.floor(random() * 40_000))
  },
  function changeCase(token, random) {
    return random() < 0.5 ? token.toUpperCase() : token.toLowerCase()
  },
  function reorder(token, random) {
    const parts = token.split(/(?<=[._])/)
    return parts.toSorted(() => random() - 0.5).join('')
  },
  function dropPart(token, random) {
    const parts = token.split('.')
    parts[Math.floor(random() * parts.length)] = pick(['', 'AA', 'bnVsbA', 'e30'], random)
    return parts.join('.')
  },
  function surround(token, random) {
    return pick(['"', "'", '<', '(', ' ', '\n', '.', '=', 'Bearer '], random) + token
  },
  function flipBit(token, random) {
    const parts = token.split('.')
    const n = Math.floor(random() * parts.length)
    const bytes = Buffer.from(parts[n] ?? '', 'base64url')
    const byte = Math.floor(random() * bytes.length)
    if (bytes.length > 0) bytes[byte] = (bytes[byte] ?? 0) ^ (1 << Math.floor(random() * 8))
    parts[n] = bytes.toString('base64url')
    return parts.join('.')
  },
  editPart(
    0,
    ALGORITHMS.map((alg) => ({ alg })),
  ),
  editPart(0, HEADERS),
  editPart(1, CLAIMS),
]

/** One to three changes; now and then the signature of another token. */
export function mutate(token: string, others: readonly string[], random: Random): string {
  let changed = token
  for (let n = 0; n <= Math.floor(random() * 3); n++)
    changed = pick(MUTATIONS, random)(changed, random)
  if (random() > 0.1) return changed
  const signature = pick(others, random).split('.').at(-1) ?? ''
  return [...changed.split('.').slice(0, -1), signature].join('.')
}
