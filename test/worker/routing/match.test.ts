/** Which route a name takes: patterns, priority, order, the default route. */
import { expect, test } from 'vitest'
import { matchRoute, splitName, type Called } from '#worker/routing/match.ts'
import { cpuMs } from '#test/support/cpu-time.ts'
import { policyWith, type RouteInput } from './policy.ts'

const tool = (server: string, name: string): Called => ({ kind: 'tool', server, name })
const prompt = (server: string, name: string): Called => ({ kind: 'prompt', server, name })
const resource = (server: string, name: string): Called => ({ kind: 'resource', server, name })
const tools = (name: string, ...patterns: string[]): RouteInput => ({
  name,
  match: { tools: patterns },
})

const ROUTES: Record<string, RouteInput[]> = {
  none: [],
  one: [tools('search', 'github__search_*')],
  order: [tools('first', 'github__*'), tools('second', 'github__search')],
  priority: [
    tools('low', '*'),
    { ...tools('high', 'github__*'), priority: 10 },
    { ...tools('higher', 'github__delete_*'), priority: 11 },
    { ...tools('lowest', 'files__*'), priority: -1 },
  ],
  'with a default': [{ name: 'rest' }, tools('search', '{github,gitlab}__search')],
  kinds: [
    { name: 'p', match: { prompts: ['*__review'] } },
    { name: 'r', match: { resources: ['file:///*'] } },
    { name: 't', match: { tools: ['*__review'] } },
  ],
  servers: [
    { name: 'mine', match: { resources: ['*'], servers: ['git*'] } },
    { name: 'others', match: { resources: ['*'] } },
  ],
  'one that never matches': [tools('never', 'nothing'), tools('some', '*__a?')],
}

test.each<[of: string, called: Called, route?: string, pattern?: string]>([
  ['none', tool('github', 'x')],
  ['one', tool('github', 'search_code'), 'search', 'github__search_*'],
  ['one', tool('gitlab', 'search_code')],
  ['one', prompt('github', 'search_code')],
  ['one', resource('github', 'github__search_code')],
  ['order', tool('github', 'search'), 'first', 'github__*'],
  ['priority', tool('github', 'delete_repo'), 'higher', 'github__delete_*'],
  ['priority', tool('github', 'search'), 'high', 'github__*'],
  ['priority', tool('files', 'read'), 'low', '*'],
  ['with a default', tool('gitlab', 'search'), 'search', '{github,gitlab}__search'],
  ['with a default', tool('gitlab', 'other'), 'rest'],
  ['with a default', resource('files', 'file:///a'), 'rest'],
  ['kinds', prompt('github', 'review'), 'p', '*__review'],
  ['kinds', tool('github', 'review'), 't', '*__review'],
  ['kinds', resource('files', 'file:///a/b'), 'r', 'file:///*'],
  ['kinds', resource('files', 'https://a')],
  ['servers', resource('gitlab', 'x://y'), 'mine', '*'],
  ['servers', resource('files', 'x://y'), 'others', '*'],
  ['one that never matches', tool('b', 'ab'), 'some', '*__a?'],
  ['one that never matches', tool('b', 'abc')],
])('%s: %j takes %s', (of, called, route, pattern) => {
  const { routes, catalog } = policyWith(ROUTES[of] ?? [])
  const matched = matchRoute({ routes, separator: catalog.separator }, called)

  expect(matched && { route: matched.route.name, pattern: matched.pattern }).toEqual(
    route === undefined ? undefined : { route, pattern },
  )
})

test("a name is compared with the catalog's separator in it", () => {
  const { routes, catalog } = policyWith([tools('a', 'github-*')], { catalog: { separator: '-' } })

  expect(matchRoute({ routes, separator: catalog.separator }, tool('github', 'x'))).toBeDefined()
  expect(matchRoute({ routes, separator: '__' }, tool('github', 'x'))).toBeUndefined()
})

test('the longest name of a server that fits is the one that a name begins with', () => {
  const more = { servers: { github__two: { requiredScopes: [], limits: [] } } }
  const policy = policyWith([], more)

  expect(splitName(policy, 'tool', 'github__two__x')).toEqual(tool('github__two', 'x'))
  expect(splitName(policy, 'tool', 'github__x')).toEqual(tool('github', 'x'))
  expect(splitName(policy, 'tool', 'unknown__x')).toBeUndefined()
  expect(splitName(policy, 'resource', 'github__x')).toBeUndefined()
})

test('256 routes of hostile patterns are looked through in milliseconds', () => {
  const routes = Array.from({ length: 256 }, (_, n) => {
    return tools(`r${n}`, `*a*a*a*b${n}*`, `{*a,*aa}*${'a'.repeat(20)}?*c*`)
  })
  const { routes: parsed } = policyWith(routes)
  const called = tool('github', 'a'.repeat(2_048))
  const naming = { routes: parsed, separator: '__' }
  matchRoute(naming, called)
  const times = Array.from({ length: 9 }, () => {
    const start = cpuMs()
    expect(matchRoute(naming, called)).toBeUndefined()
    return cpuMs() - start
  })

  expect(times.toSorted((one, other) => one - other)[4]).toBeLessThan(50)
})
