/**
 * What a tenant has, in texts that nobody else can have by chance: one in each place where a tenant keeps
 * something. The search finds them as they are, in base64, in hex, and behind escapes.
 */
const ENCODINGS = ['base64', 'base64url'] as const
/** Bits of a byte and of a character of base64. */
const [BYTE, SEXTET] = [8, 6]

export interface Canary {
  /** What a failure calls it; never the text itself, which may be a token. */
  name: string
  text: string
  /** In no answer, whoever asks; but a server may tell what it was given. */
  isSecret: boolean
}

/** Places that a tenant's own principals, or the operator, may look at. */
const VISIBLE = [
  ...['argument', 'env', 'issuer', 'issuer-name', 'limit', 'prompt', 'resource', 'scope'],
  ...['server', 'subject', 'token-name', 'tool'],
] as const
const SECRET = ['secret', 'signing-key', 'personal-secret'] as const

export type Place = (typeof VISIBLE)[number] | (typeof SECRET)[number] | 'secret-name'

/** Forty characters at most: names of limits and issuers have no more. */
export function textOf(tenant: string, place: Place): string {
  if (place === 'secret-name') return `CANARY_OF_${tenant.toUpperCase()}_IN_NAME`
  return `canary-of-${tenant}-in-${place}`
}

export function canariesOf(tenant: string): Canary[] {
  const toCanary = (place: Place, isSecret: boolean): Canary => {
    return { name: `${tenant}: ${place}`, text: textOf(tenant, place), isSecret }
  }
  return [
    ...[...VISIBLE, 'secret-name' as const].map((place) => toCanary(place, false)),
    ...SECRET.map((place) => toCanary(place, true)),
  ]
}

/** Names of those that are in the text, in whatever form. */
export function findCanaries(text: string, canaries: readonly Canary[]): string[] {
  const forms = [...new Set([text, unescapeJSON(text), unescapeURL(text)])]
  return canaries
    .filter((canary) =>
      needlesOf(canary).some((needle) => forms.some((one) => one.includes(needle))),
    )
    .map(({ name }) => name)
}

const needles = new Map<string, string[]>()

function needlesOf({ text }: Canary): string[] {
  const known = needles.get(text)
  if (known !== undefined) return known
  const hex = Buffer.from(text).toString('hex')
  const made = [text, hex, hex.toUpperCase(), ...[0, 1, 2].flatMap((at) => base64At(text, at))]
  needles.set(text, made)
  return made
}

/** Its characters in a longer text that is encoded as a whole, where it begins at a byte `at` modulo three. */
function base64At(text: string, at: number): string[] {
  const bytes = Buffer.concat([Buffer.alloc(at), Buffer.from(text)])
  const from = Math.ceil((at * BYTE) / SEXTET)
  const to = Math.floor((bytes.length * BYTE) / SEXTET)
  return ENCODINGS.map((encoding) => bytes.toString(encoding).slice(from, to))
}

function unescapeJSON(text: string): string {
  return text.replace(/\\u([0-9a-f]{4})/gi, (_, hex: string) => toCharacter(hex))
}

function unescapeURL(text: string): string {
  return text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => toCharacter(hex))
}

function toCharacter(hex: string): string {
  return String.fromCharCode(Number.parseInt(hex, 16))
}
