/** What is wrong with a configuration is said in one way: by a file, by a command and by the admin API. */
import { describe, expect, test } from 'vitest'
import type { z } from 'zod'
import { parseConfig } from '#cli/config-file.ts'
import { LimitsBody, NewTokenBody, RoutesBody, SecretBody } from '#protocol/admin.ts'
import { describeIssues } from '#protocol/issues.ts'
import { ServerConfigs } from '#protocol/server-config.ts'
import { summariseIssues } from '#worker/admin/issues.ts'

const SOURCE = { path: '/home/me/mcp.json', dataFolder: '/data', environment: {} }
const TRANSFORMERS =
  '"metadata" or "redaction" or "arguments" or "result-size" or "cache" or "custom"'
const ALGORITHMS =
  '"token-bucket" or "sliding-window" or "fixed-window" or "concurrency" or "quota"'

function inAPI(schema: z.ZodType, value: unknown): string {
  const issues = schema.safeParse(value).error?.issues ?? []
  return summariseIssues(issues, { schema, value })
}

function inFile(server: unknown): string {
  try {
    parseConfig(JSON.stringify({ mcpServers: { a: server } }), SOURCE)
  } catch (error) {
    return error instanceof Error ? error.message : ''
  }
  return ''
}

describe.each<[name: string, key: object, says: string]>([
  [
    'a union of an object and false',
    { resilience: { breaker: true } },
    'resilience.breaker: must be {"failureRate": …, "minimumCalls": …, "windowMs": …, "consecutiveFailures": …, "openMs": …, "halfOpenCalls": …} or false; got true',
  ],
  [
    'a number in the place of an object',
    { resilience: { retries: 3 } },
    'resilience.retries: must be {"attempts": …, "baseMs": …, "maxMs": …, "budgetRatio": …} or false; got 3',
  ],
  [
    'a key of the form that was meant',
    { resilience: { breaker: { failureRat: 0.5 } } },
    'resilience.breaker: unknown key "failureRat"; did you mean failureRate?',
  ],
  [
    'a value within the form that was meant',
    { resilience: { breaker: { openMs: 0 } } },
    'resilience.breaker.openMs: must be at least 1; got 0',
  ],
  [
    'a transformer that there is not',
    { transform: [{ use: 'redact' }] },
    `transform[0].use: must be ${TRANSFORMERS}; got "redact"; did you mean redaction?`,
  ],
  [
    'a key of one transformer',
    { transform: [{ use: 'cache', ttl: 5 }] },
    'transform[0]: unknown key "ttl"; did you mean ttlMs?',
  ],
  [
    'an algorithm that there is not',
    { limits: [{ name: 'x', per: 'tenant', algorithm: 'fixed-windw', limit: 1 }] },
    `limits[0].algorithm: must be ${ALGORITHMS}; got "fixed-windw"; did you mean fixed-window?`,
  ],
  [
    'a word of a closed set',
    { sharing: 'sesion' },
    'sharing: must be "session" or "pool" or "shared"; got "sesion"; did you mean session?',
  ],
  [
    'a time as text',
    { timeoutMs: '60s' },
    'timeoutMs: must be a whole number from 1 to 86400000 or {"call": …, "start": …, "total": …}; got "60s"',
  ],
  ['a nested key', { catalog: { tool: {} } }, 'catalog: unknown key "tool"; did you mean tools?'],
])('%s', (_name, key, says) => {
  const at = (root: string): string => `${root}.${says}`

  test('is said by a file', () => {
    expect(inFile({ command: 'x', ...key })).toBe(`/home/me/mcp.json: ${at('mcpServers.a')}`)
  })

  test('is said by the admin API', () => {
    expect(inAPI(ServerConfigs, { a: { command: 'x', ...key } })).toBe(at('a'))
    expect(inAPI(ServerConfigs, { a: { url: 'https://example.com', ...key } })).toBe(at('a'))
  })
})

describe('the admin API names what was meant', () => {
  test.each<[z.ZodType, unknown, string]>([
    [
      LimitsBody,
      { limits: [{ name: 'x', per: 'tenant', algorithm: 'quota', limit: 1, perod: 'day' }] },
      'limits[0].period: must be "day" or "month"; got nothing; limits[0]: unknown key "perod"; did you mean period?',
    ],
    [
      RoutesBody,
      { route: [] },
      'routes: must be a list of objects; got nothing; unknown key "route"; did you mean routes?',
    ],
    [
      ServerConfigs,
      { 'a b': { command: 'x' } },
      'a b: a name has letters, digits, ".", "_" and "-", at most 64; got an object',
    ],
    [
      ServerConfigs,
      { a: { comand: 'x' } },
      'a.command: must be a string; got nothing; a: unknown key "comand"; did you mean command?',
    ],
  ])('%#', (schema, value, says) => {
    expect(inAPI(schema, value)).toBe(says)
  })
})

describe('no value that may be a secret is shown', () => {
  const SECRET = 'hunter2hunter2'
  test.each<[string, z.ZodType, unknown]>([
    ['env', ServerConfigs, { a: { command: 'x', env: { A: { b: SECRET } } } }],
    ['env as text', ServerConfigs, { a: { command: 'x', env: SECRET } }],
    ['args as text', ServerConfigs, { a: { command: 'x', args: `--token=${SECRET}` } }],
    ['args', ServerConfigs, { a: { command: 'x', args: [{ token: SECRET }] } }],
    ['a header', ServerConfigs, { a: { url: 'https://e.com', headers: { A: [SECRET] } } }],
    ['a password of a URL', ServerConfigs, { a: { url: `ftp://me:${SECRET}@e.com` } }],
    [
      'a URL in another place',
      ServerConfigs,
      { a: { command: 'x', cwd: 1, sharing: `https://me:${SECRET}@e.com` } },
    ],
    ['a key of a vendor', ServerConfigs, { a: { command: 'x', warm: `sk-${SECRET}` } }],
    ['an object in the place of a command', ServerConfigs, { a: { command: { env: SECRET } } }],
    ['a secret', SecretBody, { value: [SECRET], more: SECRET }],
    ['a token', NewTokenBody, { name: 'x', token: SECRET }],
  ])('%s', (_name, schema, value) => {
    const issues = schema.safeParse(value).error?.issues ?? []
    const lines = describeIssues(issues, { schema, value })

    expect(lines).not.toEqual([])
    expect(lines.join('\n')).not.toContain(SECRET)
  })
})
