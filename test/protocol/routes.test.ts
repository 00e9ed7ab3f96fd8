/** What routes may say, and how what they may not say is told. */
import { expect, test } from 'vitest'
import { describeUnknownServers, MAX_ROUTES, Routes } from '#protocol/routes.ts'

const DEFAULTS = { priority: 0, strategy: 'failover', requiredScopes: [], limits: [] }

test('a route is as it was written, with the defaults', () => {
  const match = { tools: ['github__*'] }
  const parsed = Routes.parse([
    { name: 'search', match, servers: ['github', { server: 'mirror', name: 'find', weight: 3 }] },
  ])

  expect(parsed).toEqual([
    {
      ...{ ...DEFAULTS, name: 'search', match },
      servers: [
        { server: 'github', weight: 1 },
        { server: 'mirror', name: 'find', weight: 3 },
      ],
    },
  ])
  expect(Routes.parse(JSON.parse(JSON.stringify(parsed)))).toEqual(parsed)
})

const match = { tools: ['a'] }

test.each<[name: string, routes: unknown[], problem: string]>([
  [
    'two of one name',
    [
      { name: 'a', match },
      { name: 'a', match },
    ],
    'there is another route named "a"',
  ],
  [
    'two default routes',
    [{ name: 'a' }, { name: 'b' }],
    '"a" is the default route: "b" needs a match',
  ],
  [
    'a server twice',
    [{ name: 'a', match, servers: ['x', { server: 'x', weight: 2 }] }],
    'has the server "x" twice',
  ],
  ['an empty match', [{ name: 'a', match: {} }], 'must have tools, prompts or resources'],
  [
    'a pattern that is none',
    [{ name: 'a', match: { tools: ['x{'] } }],
    '"x{": { without }: write \\{ for the character',
  ],
  [
    'too many',
    Array.from({ length: MAX_ROUTES + 1 }, (_, n) => ({ name: `r${n}`, match })),
    'at most 256 routes',
  ],
  [
    'patterns that are too much work',
    Array.from({ length: 33 }, (_, n) => ({
      name: `r${n}`,
      match: { tools: ['{a,b}{c,d}{e,f}{g,h}{i,j}*'] },
    })),
    'the patterns of all routes stand for 1056 names, at most 1024',
  ],
])('%s: refused, with a word that says why', (_, routes, problem) => {
  const { error } = Routes.safeParse(routes)

  expect(error?.issues.map(({ message }) => message)).toContain(problem)
})

test('servers of routes that there are not are found', () => {
  const routes = Routes.parse([
    { name: 'one', match, servers: ['here', 'gone'] },
    { name: 'two', match, servers: ['toString'] },
  ])

  expect(describeUnknownServers(routes, ['here'])).toEqual([
    'the route "one" has "gone", and there is no such server: there are here',
    'the route "two" has "toString", and there is no such server: there are here',
  ])
})
