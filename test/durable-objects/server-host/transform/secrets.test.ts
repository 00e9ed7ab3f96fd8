/** What is a secret wherever it stands, and what only looks like one. */
import { expect, test } from 'vitest'
import { redactSecrets } from '#durable-objects/server-host/transform/redaction/secrets.ts'
import { REDACTED } from '#protocol/redaction.ts'
import { cpuMs } from '#test/support/cpu-time.ts'

const letters = (length: number) => 'aB3dE5gH7jK9mN1pQ2sT4vW6yZ8'.repeat(20).slice(0, length)
const hex = (length: number) => '0123456789abcdef'.repeat(20).slice(0, length)
const capitals = (length: number) => 'A1B2C3D4E5F6G7H8J9K0'.repeat(5).slice(0, length)
const JWT = `eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.${letters(43)}`

/** By vendor. Put together here, so that no scanner of this project takes them for real ones. */
const SECRETS: Record<string, string> = {
  'AWS access key': `AKIA${capitals(16)}`,
  'AWS temporary key': `ASIA${capitals(16)}`,
  'GitHub token': `ghp_${letters(36)}`,
  'GitHub app token': `ghs_${letters(36)}`,
  'GitHub fine-grained token': `github_pat_${letters(22)}_${letters(59)}`,
  'GitLab token': `glpat-${letters(20)}`,
  'Slack bot token': `xoxb-1234567890-${letters(24)}`,
  'Slack app token': `xapp-1-A0123-${letters(40)}`,
  'Stripe key': `sk_live_${letters(24)}`,
  'Stripe restricted key': `rk_test_${letters(24)}`,
  'Stripe webhook secret': `whsec_${letters(32)}`,
  'OpenAI key': `sk-${letters(48)}`,
  'OpenAI project key': `sk-proj-${letters(60)}`,
  'Anthropic key': `sk-ant-api03-${letters(80)}`,
  'Google API key': `AIza${letters(35)}`,
  'Google client secret': `GOCSPX-${letters(28)}`,
  'Google access token': `ya29.${letters(60)}`,
  'SendGrid key': `SG.${letters(22)}.${letters(43)}`,
  'Twilio key': `SK${hex(32)}`,
  'Mailgun key': `key-${hex(32)}`,
  'npm token': `npm_${letters(36)}`,
  'PyPI token': `pypi-AgE${letters(60)}`,
  'Hugging Face token': `hf_${letters(34)}`,
  'Groq key': `gsk_${letters(52)}`,
  'DigitalOcean token': `dop_v1_${hex(64)}`,
  'Shopify token': `shpat_${hex(32)}`,
  'Square token': `sq0atp-${letters(22)}`,
  'Linear key': `lin_api_${letters(40)}`,
  'Notion token': `ntn_${letters(46)}`,
  'Atlassian token': `ATATT3${letters(80)}`,
  'Databricks token': `dapi${hex(32)}`,
  'Vault token': `hvs.${letters(90)}`,
  'Doppler token': `dp.pt.${letters(43)}`,
  'Figma token': `figd_${letters(40)}`,
  'Postman key': `PMAK-${hex(24)}-${hex(34)}`,
  'Grafana token': `glsa_${letters(32)}_${hex(8)}`,
  'New Relic key': `NRAK-${capitals(27)}`,
  'Docker token': `dckr_pat_${letters(27)}`,
  'Supabase token': `sbp_${hex(40)}`,
  'Airtable token': `pat${letters(14)}.${hex(64)}`,
  'age key': `AGE-SECRET-KEY-1${capitals(58)}`,
  'Telegram token': `123456789:AA${letters(33)}`,
  'Discord token': `M${letters(23)}.${letters(6)}.${letters(27)}`,
  'token of ours': `hearth_local_${hex(8)}_${hex(64)}`,
  JWT,
  JWE: `eyJhbGciOiJSU0EifQ.${letters(30)}.${letters(16)}.${letters(40)}.${letters(22)}`,
}

/** `#` is the secret. */
const PLACES = ['#', 'the key is # now', '"#",', "('#')", 'a=#&b=1', 'see:#\nnext', '#.', '—#—']

test.each(Object.entries(SECRETS))('%s goes, wherever it stands', (_, secret) => {
  for (const place of PLACES) {
    const shown = redactSecrets(place.replace('#', secret))
    expect(shown).not.toContain(secret)
    expect(shown).toContain(REDACTED)
  }
})

const KEY_BODY = `${letters(64)}\n${letters(64)}\n${letters(20)}==`
const privateKey = (kind: string) =>
  `-----BEGIN ${kind}PRIVATE KEY-----\n${KEY_BODY}\n-----END ${kind}PRIVATE KEY-----`

test.each(['', 'RSA ', 'EC ', 'OPENSSH ', 'ENCRYPTED '])('a private key goes: %s', (kind) => {
  expect(redactSecrets(`before\n${privateKey(kind)}\nafter`)).toBe(`before\n${REDACTED}\nafter`)
})

test('a private key that was cut off goes to the end of the text', () => {
  expect(redactSecrets(`before ${privateKey('').slice(0, 80)}`)).toBe(`before ${REDACTED}`)
})

test.each([
  [`Authorization: Bearer ${letters(40)}`, `Authorization: Bearer ${REDACTED}`],
  [`authorization: basic ${letters(20)}==`, `authorization: basic ${REDACTED}`],
  ['postgres://app:hunter2@db.example/app', `postgres://app:${REDACTED}@db.example/app`],
  ['https://:s3cret@host/', `https://:${REDACTED}@host/`],
  ['DB_PASSWORD=hunter2\nPORT=80', `DB_PASSWORD=${REDACTED}\nPORT=80`],
  ['export API_KEY="a b c"', `export API_KEY=${REDACTED}`],
  ['x?access_token=abcdef&y=1', `x?access_token=${REDACTED}&y=1`],
  [
    `https://hooks.slack.com/services/T00/B00/${letters(24)}`,
    `https://hooks.slack.com/services/${REDACTED}`,
  ],
])('what stands beside a secret stays: %s', (text, expected) => {
  expect(redactSecrets(text)).toBe(expected)
})

test.each([
  'the bearer of this letter',
  'Bearer tokens are described in RFC 6750',
  'a token that nobody knows',
  'sk-short',
  'task-force and risk-averse people',
  'https://example.com/path?query=1#fragment',
  'https://user@example.com/',
  '3f2b8c4e-9d1a-4c6b-8e2f-1a2b3c4d5e6f',
  `commit ${hex(40)}`,
  `sha256:${hex(64)}`,
  '{"password":"see the vault"}',
  'PASSWORD= is empty',
  '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----',
  'package.json lib.es2024.full.d.ts a.b.c.d',
  'key-value and key-board',
])('is no secret: %s', (text) => {
  expect(redactSecrets(text)).toBe(text)
})

test('reads what was made to be slow in time', () => {
  const attacks = [
    '-----BEGIN PRIVATE KEY-----',
    '-eyJ',
    'eyJ.',
    '://a:',
    'Bearer ',
    'A_PASSWORD',
    'a.',
    'sk-',
    'xoxb-',
  ].map((part) => part.repeat(Math.ceil(500_000 / part.length)))
  const begin = cpuMs()
  for (const attack of attacks) redactSecrets(attack)

  expect(cpuMs() - begin).toBeLessThan(8_000)
})
