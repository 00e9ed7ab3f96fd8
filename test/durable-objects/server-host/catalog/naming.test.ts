import { describe, expect, test } from 'vitest'
import { DEFAULT_CATALOG } from '#protocol/catalog.ts'
import {
  guessOrigin,
  MAX_EXPOSED_CHARS,
  nameAll,
  type NamingRules,
  type Origin,
} from '#durable-objects/server-host/catalog/naming.ts'
import { createRandom } from '#test/support/random.ts'

const VALID = /^[A-Za-z0-9_-]{1,64}$/

function names(origins: Origin[], rules: Partial<NamingRules> = {}): Record<string, string> {
  const named = nameAll(origins, { ...DEFAULT_CATALOG, ...rules })
  return Object.fromEntries([...named].map(([name, o]) => [name, `${o.server}/${o.name}`]))
}

test('always: each name begins with its server’s', () => {
  expect(names([origin('a', 'echo'), origin('b', 'echo'), origin('b', 'add')])).toEqual({
    a__echo: 'a/echo',
    b__echo: 'b/echo',
    b__add: 'b/add',
  })
})

test('conflict: only names that several servers have get the server’s', () => {
  const origins = [origin('a', 'echo'), origin('b', 'echo'), origin('b', 'add')]
  expect(names(origins, { naming: 'conflict' })).toEqual({
    a__echo: 'a/echo',
    b__echo: 'b/echo',
    add: 'b/add',
  })
})

test('priority: the first server keeps the bare name, those without a place have none', () => {
  const origins = [origin('a', 'x'), origin('b', 'x'), origin('c', 'x'), origin('a', 'y')]
  expect(names(origins, { naming: 'priority', priority: ['c', 'a'] })).toEqual({
    a__x: 'a/x',
    b__x: 'b/x',
    x: 'c/x',
    y: 'a/y',
  })
  expect(names(origins, { naming: 'priority', priority: ['z'] })).toHaveProperty('b__x')
})

test('another separator', () => {
  expect(names([origin('a', 'echo')], { separator: '-' })).toEqual({ 'a-echo': 'a/echo' })
})

test('a tool that is shown under another name', () => {
  expect(names([{ ...origin('a', 'echo'), shown: 'say' }])).toEqual({ a__say: 'a/echo' })
})

describe('names that clients would refuse', () => {
  test('other characters become underscores', () => {
    expect(names([origin('my.server', 'größe/1')])).toEqual({
      my_server__gr__e_1: 'my.server/größe/1',
    })
  })

  test('two that would be alike then are told apart', () => {
    const found = names([origin('a', 'x.y'), origin('a', 'x/y')])
    expect(Object.values(found).sort()).toEqual(['a/x.y', 'a/x/y'])
    for (const name of Object.keys(found)) expect(name).toMatch(/^a__x_y_[0-9a-f]{8}$/)
  })

  test('so are a server and a tool that read like another server and its tool', () => {
    const found = names([origin('a__b', 'c'), origin('a', 'b__c')])
    expect(Object.values(found).sort()).toEqual(['a/b__c', 'a__b/c'])
  })

  test('long ones are cut, and stay different', () => {
    const long = 'l'.repeat(100)
    const found = names([origin('a', `${long}1`), origin('a', `${long}2`)])
    expect(Object.values(found).sort()).toEqual([`a/${long}1`, `a/${long}2`])
    for (const name of Object.keys(found)) expect(name).toHaveLength(MAX_EXPOSED_CHARS)
  })
})

test('any set of names: all valid, all different, all lead back, whatever the order', () => {
  const random = createRandom(4)
  const letters = 'ab_.-/é'
  const word = (): string =>
    Array.from({ length: 1 + Math.floor(random() * (random() < 0.1 ? 90 : 5)) }, () =>
      letters.charAt(Math.floor(random() * letters.length)),
    ).join('')
  for (let round = 0; round < 300; round++) {
    const origins = new Map<string, Origin>()
    for (let n = 0; n < 30; n++) {
      const made = origin(`s${Math.floor(random() * 4)}${random() < 0.5 ? '__' : ''}`, word())
      origins.set(`${made.server}/${made.name}`, made)
    }
    const all = [...origins.values()]
    for (const naming of ['always', 'conflict', 'priority'] as const) {
      const found = names(all, { naming, priority: ['s1', 's2'] })
      expect(new Set(Object.values(found)).size).toBe(all.length)
      for (const name of Object.keys(found)) expect(name).toMatch(VALID)
      expect(names([...all].reverse(), { naming, priority: ['s1', 's2'] })).toEqual(found)
    }
  }
})

describe('a name that no list has', () => {
  const guess = (name: string) => guessOrigin(name, ['a', 'a__b', 'c.d'], DEFAULT_CATALOG)

  test('leads to the server whose name it begins with', () => {
    expect(guess('a__echo')).toEqual({ server: 'a', name: 'echo' })
    expect(guess('c_d__echo')).toEqual({ server: 'c.d', name: 'echo' })
  })

  test('to the longest one', () => {
    expect(guess('a__b__echo')).toEqual({ server: 'a__b', name: 'echo' })
  })

  test('or nowhere', () => {
    expect(guess('echo')).toBeUndefined()
    expect(guess('a__')).toBeUndefined()
    expect(guess('x__echo')).toBeUndefined()
  })
})

function origin(server: string, name: string): Origin {
  return { server, name }
}
