import { describe, expect, test } from 'vitest'
import { hasNothing, holdsScope, isUnrestricted, maySeeServer, mayUse } from '#protocol/access.ts'
import { AccessList, Grants, Scopes } from '#protocol/scopes.ts'

const scopes = (...list: string[]): Grants => ({ scopes: list })

describe('what grants allow', () => {
  test.each<[why: string, grants: Grants, tools: string[], not: string[]]>([
    ['everything', scopes('*'), ['github/a', 'memory/b'], []],
    ['one server', scopes('servers:github'), ['github/a', 'github/b/c'], ['memory/a', 'git/a']],
    ['servers by pattern', scopes('servers:git*'), ['github/a', 'gitlab/a'], ['memory/a']],
    ['one tool', scopes('tools:call:github/read'), ['github/read'], ['github/reads', 'git/read']],
    ['tools by pattern', scopes('tools:call:github/read_*'), ['github/read_a'], ['github/write']],
    ['a tool of every server', scopes('tools:call:*/read'), ['a/read', 'b/read'], ['a/write']],
    ['a tool with a slash', scopes('tools:call:fs/a/b'), ['fs/a/b'], ['fs/a', 'fs/a/c']],
    ['several', scopes('tools:call:a/x', 'servers:b'), ['a/x', 'b/y'], ['a/y', 'c/x']],
    ['prompts alone', scopes('prompts:get:a/*'), [], ['a/x']],
    ['resources alone', scopes('resources:read:a/*'), [], ['a/x']],
    ['nothing', scopes(), [], ['a/x']],
    [
      'what is no scope',
      scopes('tools:call', 'tools:call:a', 'servers', 'a/x', 'tool*'),
      [],
      ['a/x'],
    ],
    ['the tenant’s own', scopes('admin', 'admin:*', 'run', 'secrets'), [], ['a/x']],
    [
      'allowed servers',
      { ...scopes('*'), allow: { servers: ['a', 'b*'] } },
      ['a/x', 'bb/x'],
      ['c/x'],
    ],
    [
      'allowed tools',
      { ...scopes('*'), allow: { tools: ['a/x', 'b/*'] } },
      ['a/x', 'b/y'],
      ['a/y'],
    ],
    ['no allowed tool', { ...scopes('*'), allow: { tools: [] } }, [], ['a/x']],
    ['denied servers', { ...scopes('*'), deny: { servers: ['a'] } }, ['b/x'], ['a/x']],
    [
      'denied tools',
      { ...scopes('*'), deny: { tools: ['*/rm_*'] } },
      ['a/ls'],
      ['a/rm_x', 'b/rm_'],
    ],
    [
      'denied, whatever is allowed',
      { ...scopes('servers:a'), allow: { tools: ['a/*'] }, deny: { tools: ['a/rm'] } },
      ['a/ls'],
      ['a/rm'],
    ],
    [
      'allowed, where a scope says so',
      { ...scopes('tools:call:a/x'), allow: { tools: ['a/*'] } },
      ['a/x'],
      ['a/y'],
    ],
  ])('%s', (_why, grants, tools, not) => {
    const used = (tool: string): boolean => {
      const at = tool.indexOf('/')
      return mayUse(grants, tool.slice(0, at), 'tool', tool.slice(at + 1))
    }

    expect(tools.filter((tool) => !used(tool))).toEqual([])
    expect(not.filter(used)).toEqual([])
  })

  test('a list of tools says nothing of prompts and resources', () => {
    const grants: Grants = { ...scopes('*'), allow: { tools: [] }, deny: { tools: ['*/*'] } }

    expect(mayUse(grants, 'a', 'prompt', 'x')).toBe(true)
    expect(mayUse(grants, 'a', 'resource', 'file:///x')).toBe(true)
    expect(mayUse(grants, 'a', 'tool', 'x')).toBe(false)
  })

  test('a URI that may be resolved to another one takes a grant of all', () => {
    const uri = 'file:///pub/../etc/passwd'

    expect(mayUse(scopes('resources:read:fs/file:///pub/*'), 'fs', 'resource', uri)).toBe(false)
    expect(mayUse(scopes('resources:read:fs/file:///*'), 'fs', 'resource', uri)).toBe(false)
    expect(mayUse(scopes('resources:read:fs/*'), 'fs', 'resource', uri)).toBe(true)
    expect(mayUse(scopes('servers:fs'), 'fs', 'resource', uri)).toBe(true)
    expect(mayUse(scopes('tools:call:fs/*'), 'fs', 'tool', uri)).toBe(true)
  })

  test('a name that is not well-formed is nobody’s who is restricted', () => {
    const grants: Grants = { ...scopes('*'), deny: { tools: ['a/x\ufffd'] } }

    expect(mayUse(grants, 'a', 'tool', 'x\ud800')).toBe(false)
    expect(mayUse(grants, 'a', 'tool', 'x\u{1f600}')).toBe(true)
  })
})

test.each<[grants: Grants, seen: string[], not: string[]]>([
  [scopes('*'), ['a', 'b'], []],
  [scopes('servers:a'), ['a'], ['b']],
  [scopes('tools:call:a/x'), ['a'], ['b']],
  [scopes('prompts:get:a*/x'), ['a', 'ab'], ['b']],
  [scopes('resources:read:a/file:///x'), ['a'], ['b']],
  [scopes('admin', 'run', 'secrets'), [], ['a']],
  [{ ...scopes('*'), allow: { servers: ['a'] } }, ['a'], ['b']],
  [{ ...scopes('*'), deny: { servers: ['a*'] } }, ['b'], ['a', 'ab']],
  [{ ...scopes('*'), allow: { tools: ['a/x'] }, deny: { tools: ['*/*'] } }, ['a', 'b'], []],
])('by %j the servers %j are seen', (grants, seen, not) => {
  expect([...seen, ...not].filter((server) => maySeeServer(grants, server))).toEqual(seen)
})

test.each<[grants: Grants, isWhole: boolean]>([
  [scopes('*'), true],
  [scopes('servers:a'), true],
  [scopes('servers:*'), true],
  [scopes('servers:b'), false],
  [scopes('tools:call:a/*', 'prompts:get:a/*', 'resources:read:a/*'), false],
  [{ ...scopes('*'), deny: { servers: ['b'] } }, true],
  [{ ...scopes('*'), deny: { servers: ['a'] } }, false],
  [{ ...scopes('*'), deny: { tools: ['b/x'] } }, true],
  [{ ...scopes('*'), deny: { tools: ['*/x'] } }, false],
  [{ ...scopes('*'), allow: { tools: ['a/*'] } }, true],
  [{ ...scopes('*'), allow: { tools: ['a/x*'] } }, false],
  [{ ...scopes('*'), allow: { servers: ['b'] } }, false],
])('%j is unrestricted on a: %s', (grants, isWhole) => {
  expect(isUnrestricted(grants, 'a')).toBe(isWhole)
})

test.each<[held: string[], scope: string, holds: boolean]>([
  [['admin'], 'admin', true],
  [['admin'], 'admin:tokens', true],
  [['admin:*'], 'admin:tokens', true],
  [['admin:tokens'], 'admin:tokens', true],
  [['admin:tokens'], 'admin:secrets', false],
  [['admin:tokens'], 'admin', false],
  [['*'], 'admin', false],
  [['*'], 'admin:tokens', false],
  [['*'], 'run', false],
  [['*'], 'secrets', false],
  [['a*', 'ru*', '*n'], 'admin', false],
  [['a*', 'ru*', '*n'], 'run', false],
  [['run'], 'run', true],
  [['*'], 'servers:a', true],
  [['servers:a'], 'tools:call:a/x', true],
  [['tools:call:a/*'], 'tools:call:a/x', true],
  [['tools:call:a/*'], 'prompts:get:a/x', false],
  [['tools:call:a/x'], 'tools:call:a/*', false],
  [['tools:call:a/*'], 'servers:a', false],
  // What nobody but its issuer knows is held by itself alone.
  [['mfa'], 'mfa', true],
  [['*'], 'mfa', false],
  [['mf*'], 'mfa', false],
])('%j hold %s: %s', (held, scope, holds) => {
  expect(holdsScope(scopes(...held), scope)).toBe(holds)
})

test.each<[grants: Grants, isNothing: boolean]>([
  [scopes(), true],
  [scopes('openid', 'profile'), true],
  [scopes('tools:call:a'), true],
  [scopes('tools:call:a/x'), false],
  [scopes('admin:tokens'), false],
  [scopes('run'), false],
  [scopes('secrets'), false],
  [{ ...scopes('*'), deny: { servers: ['*'] } }, true],
  [{ ...scopes('servers:a'), deny: { servers: ['a'] } }, true],
  [{ ...scopes('*'), allow: { servers: [] } }, true],
  [{ ...scopes('servers:a*'), allow: { servers: ['b*'] } }, true],
  [{ ...scopes('servers:a*'), allow: { servers: ['*b'] } }, false],
])('%j are nothing: %s', (grants, isNothing) => {
  expect(hasNothing(grants)).toBe(isNothing)
})

describe('grants that are too large, or mean nothing, are refused', () => {
  test.each([
    ['a tool without its server', AccessList, { tools: ['rm'] }],
    ['a server without a tool', AccessList, { tools: ['a/'] }],
    ['a list of many characters', AccessList, { servers: Array(40).fill('a'.repeat(300)) }],
    ['scopes of many characters', Scopes, Array(40).fill('a'.repeat(250))],
    ['a scope with a space', Scopes, ['a b']],
    ['a list that is unknown', Grants, { scopes: [], deny: { prompts: ['a/x'] } }],
  ])('%s', (_what, schema, value) => {
    expect(schema.safeParse(value).success).toBe(false)
  })

  test('what is as large as it may be passes', () => {
    const list = Array(16).fill('a/'.padEnd(512, 'x'))
    const scopes = Array(32).fill('a'.repeat(256))

    expect(Grants.safeParse({ scopes, allow: { tools: list } }).success).toBe(true)
  })
})
