import { expect, test } from 'vitest'
import { secretValues } from '#protocol/secret-values.ts'
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

test.each([
  [
    'in a query',
    { args: ['mcp-remote', 'https://mcp.example.com/?api_key=abcdefgh1'] },
    'abcdefgh1',
  ],
  [
    'in a connection string',
    { env: { DB: 'Server=x;Password=hunter2hunter2;' } },
    'hunter2hunter2',
  ],
  [
    'in headers as JSON',
    { env: { MCP_HEADERS: '{"Authorization": "Bearer ntn_12345", "Version": "2026-01-01"}' } },
    'ntn_12345',
  ],
  ['of a known form', { env: { SLACK: 'xoxb-0123456789-abcdef' } }, 'xoxb-0123456789-abcdef'],
  ['alone before the host', { args: ['git+https://abcdefgh1@git.example/a.git'] }, 'abcdefgh1'],
  ['called a personal access token', { args: ['--pat', 'abcdefgh1'] }, 'abcdefgh1'],
  ['of a URL, as programs print it', { env: { DB: 'mongodb://u:p%40ssword1@db/x' } }, 'p@ssword1'],
])('a secret %s is one', (_, changes, secret) => {
  expect(valuesOf(changes)).toContain(secret)
})

test('other values are none', () => {
  const env = {
    HOME: '/home/somebody',
    PATH: '/usr/bin:/usr/local/bin',
    URL: 'https://h.example/x',
  }
  const args = ['-y', 'some-package@1.2.3', '--root', '/srv/files', '--mode=production']
  expect(valuesOf({ env, args })).toEqual([])
})
