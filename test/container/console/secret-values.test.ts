import { expect, test } from 'vitest'
import { secretValues } from '#container/console/secret-values.ts'
import { launchOf } from '#test/support/host-program.ts'

const valuesOf = (changes: { env?: Record<string, string>; args?: string[]; secrets?: string[] }) =>
  secretValues(launchOf('any', changes) as Parameters<typeof secretValues>[0])

test('values whose names say that they are secrets are taken for such', () => {
  const env = { GITHUB_TOKEN: 'ghp_0123456789', LOG_LEVEL: 'debugging', AUTH: 'off' }
  const args = ['--api-key', 'key-0123456789', '--password=pass-0123456789', '--root', '/srv/files']
  expect(valuesOf({ env, args })).toEqual(['ghp_0123456789', 'key-0123456789', 'pass-0123456789'])
})

test('so are passwords in URLs, and credentials in headers', () => {
  const env = { DATABASE_URL: 'postgres://reader:letmein-please@db/x' }
  const args = ['--header', 'Authorization: Bearer abcdefghijk']
  expect(valuesOf({ env, args })).toEqual(['abcdefghijk', 'letmein-please'])
})

test('secrets of the store stay, however short', () => {
  expect(valuesOf({ secrets: ['abcd'] })).toEqual(['abcd'])
})
