/** E-mail addresses and telephone numbers, and which kinds of personal data are looked for. Pure. */
import type { PersonalKind } from '#protocol/transform.ts'
import { REDACTED } from '#protocol/redaction.ts'
import { redactCards } from './card.ts'
import { redactIBANs } from './iban.ts'

const WORD = '\\p{L}\\p{N}_%+-'
/** As people have them: of what RFC 5321, 4.1.2 allows, the part before another character stays. */
const EMAIL = new RegExp(
  `(?<![${WORD}.])[${WORD}][${WORD}.]{0,255}@(?:[\\p{L}\\p{N}](?:[\\p{L}\\p{N}-]{0,62})\\.){1,8}[\\p{L}]{2,24}(?![\\p{L}\\p{N}])`,
  'gu',
)

/** With `+` or `00` and the country (E.164): 8 to 15 digits. */
const INTERNATIONAL = /(?<![\w+])(?:\+|00) ?\(?[1-9]\)?(?:[ ().\-/]{0,2}\d){6,14}(?!\d)/g
/** As North America writes them. */
const NATIONAL = /(?<![\w.-])(?:1[ .-])?(?:\(\d{3}\) ?|\d{3}[ .-])\d{3}[ .-]\d{4}(?![\w-])/g

const REDACTORS: Record<PersonalKind, (text: string) => string> = {
  email: (text) => text.replace(EMAIL, REDACTED),
  phone: (text) => text.replace(INTERNATIONAL, REDACTED).replace(NATIONAL, REDACTED),
  card: redactCards,
  iban: redactIBANs,
}

/** What has a stricter form comes first: an IBAN may hold what looks like a card. */
const ORDER: readonly PersonalKind[] = ['iban', 'card', 'email', 'phone']

export function createPersonalRedactor(kinds: readonly PersonalKind[]): (text: string) => string {
  const redactors = ORDER.filter((kind) => kinds.includes(kind)).map((kind) => REDACTORS[kind])
  return (text) => redactors.reduce((shown, redact) => redact(shown), text)
}
