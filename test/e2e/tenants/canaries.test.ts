/** The search that the matrix relies on. */
import { expect, test } from 'vitest'
import { canariesOf, findCanaries, textOf } from './canaries.ts'

const text = textOf('alpha', 'secret')
const forms: [string, string][] = [
  ['as it is', text],
  ['in hex', Buffer.from(text).toString('hex')],
  ['in hex of capitals', Buffer.from(text).toString('hex').toUpperCase()],
  ['percent-encoded', text.replaceAll('-', '%2D')],
  ['with JSON escapes', text.replaceAll('c', '\\u0063')],
  ...[0, 1, 2].flatMap((n): [string, string][] => {
    const bytes = Buffer.from(`${'?'.repeat(n)}${text}~~~`)
    return [
      [`in base64 behind ${n} bytes`, bytes.toString('base64')],
      [`in base64url behind ${n} bytes`, bytes.toString('base64url')],
    ]
  }),
]

test.each(forms)('a canary is found %s, and no other is', (_, form) => {
  const found = findCanaries(`{"x":"before ${form} after"}`, [
    ...canariesOf('alpha'),
    ...canariesOf('beta'),
  ])

  expect(found).toContain('alpha: secret')
  expect(found.filter((name) => !name.startsWith('alpha: secret'))).toEqual([])
})
