import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { toPath } from '#cli/admin/admin-api.ts'
import { chooseDestination } from '#cli/admin/destination.ts'

const ACME = `hearth_acme_${'0'.repeat(8)}_${'a'.repeat(64)}`
const here = (folder = '.hearth') => ({ dataFolder: resolve(folder) })
const there = (url: string) => ({ url: new URL(url) })

const cases: { name: string; given: Parameters<typeof chooseDestination>; chosen: object }[] = [
  {
    name: 'nothing said: the gateway of .hearth, its admin token, the tenant local',
    given: [{}, {}],
    chosen: { gateway: here(), tenant: 'local' },
  },
  {
    name: 'the environment',
    given: [{}, { HEARTH_URL: 'https://h.example', HEARTH_ADMIN_TOKEN: 'a', HEARTH_TENANT: 't' }],
    chosen: { gateway: there('https://h.example/'), credential: 'a', tenant: 't' },
  },
  {
    name: 'an empty variable is one that is not set',
    given: [{}, { HEARTH_URL: '', HEARTH_ADMIN_TOKEN: '', HEARTH_TOKEN: '', HEARTH_TENANT: '' }],
    chosen: { gateway: here(), tenant: 'local' },
  },
  {
    name: 'the command line goes before the environment',
    given: [
      { url: 'http://a:1', tenant: 'x' },
      { HEARTH_URL: 'http://b:2', HEARTH_TENANT: 'y', HEARTH_TOKEN: 't' },
    ],
    chosen: { gateway: there('http://a:1/'), credential: 't', tenant: 'x' },
  },
  {
    name: '--data does so too: a gateway elsewhere is not meant',
    given: [{ data: 'mine' }, { HEARTH_URL: 'https://h.example', HEARTH_TOKEN: 't' }],
    chosen: { gateway: here('mine'), credential: 't', tenant: 'local' },
  },
  {
    name: 'the admin token goes before a token',
    given: [{}, { HEARTH_ADMIN_TOKEN: 'a', HEARTH_TOKEN: ACME }],
    chosen: { gateway: here(), credential: 'a', tenant: 'local' },
  },
  {
    name: 'a token names its tenant',
    given: [{}, { HEARTH_TOKEN: ACME }],
    chosen: { gateway: here(), credential: ACME, tenant: 'acme' },
  },
  {
    name: 'a path before the gateway is kept, and nothing behind it',
    given: [{ url: 'https://h.example/hearth?a#b' }, { HEARTH_TOKEN: 't' }],
    chosen: { gateway: there('https://h.example/hearth/'), credential: 't', tenant: 'local' },
  },
]
test.each(cases)('$name', ({ given, chosen }) => {
  expect(chooseDestination(...given)).toEqual(chosen)
})

const refused: { name: string; given: Parameters<typeof chooseDestination>; says: RegExp }[] = [
  {
    name: 'the admin token of a data folder never goes to a URL',
    given: [{ url: 'http://127.0.0.1:8787' }, {}],
    says: /^a credential for http:\/\/127\.0\.0\.1:8787 is needed: set HEARTH_ADMIN_TOKEN/,
  },
  { name: 'two gateways', given: [{ url: 'http://a', data: 'b' }, {}], says: /--url and --data/ },
  { name: 'a URL of no web', given: [{ url: 'ftp://a' }, { HEARTH_TOKEN: 't' }], says: /http:/ },
  { name: 'no URL', given: [{ url: 'localhost' }, { HEARTH_TOKEN: 't' }], says: /http:/ },
  {
    name: 'a user in the URL, without telling the password',
    given: [{}, { HEARTH_URL: 'https://u:hunter2@a', HEARTH_TOKEN: 't' }],
    says: /^(?!.*hunter2).*without a user/,
  },
  {
    name: 'a credential that no header takes, without telling it',
    given: [{}, { HEARTH_TOKEN: 'hunter2\nx' }],
    says: /^(?!.*hunter2)HEARTH_TOKEN has a character/,
  },
  { name: 'a name of no tenant', given: [{ tenant: '../x' }, {}], says: /cannot be a tenant/ },
]
test.each(refused)('refused: $name', ({ given, says }) => {
  expect(() => chooseDestination(...given)).toThrow(says)
})

test('a path has its parts escaped, and none of them climbs', () => {
  expect(toPath('tenants', 'a', 'principals', 'jwt:idp:a/b?c')).toBe(
    'tenants/a/principals/jwt%3Aidp%3Aa%2Fb%3Fc',
  )
  for (const part of ['', '.', '..']) expect(() => toPath('tenants', part)).toThrow(/must not be/)
})
