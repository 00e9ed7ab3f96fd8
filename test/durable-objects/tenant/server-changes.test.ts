import { expect, test } from 'vitest'
import {
  describeChanges,
  findChangedLimits,
} from '#durable-objects/tenant/config/server-changes.ts'
import { ServerConfigs } from '#protocol/server-config.ts'

const parse = (servers: object) => ServerConfigs.parse(servers)
const limits = [{ name: 'calls', per: 'tenant', algorithm: 'concurrency', limit: 4 }]

test('what changed is told by name, and never by value', () => {
  const before = parse({ same: { command: 'a' }, gone: { command: 'b' }, other: { command: 'c' } })
  const after = parse({
    same: { command: 'a' },
    other: { command: 'c', env: { KEY: 'hidden' } },
    new: { command: 'd' },
  })

  expect(describeChanges(before, after)).toEqual({
    added: ['new'],
    changed: ['other'],
    removed: ['gone'],
  })
})

test('many names are cut short', () => {
  const many = Object.fromEntries(
    Array.from({ length: 30 }, (_, at) => [`s${at}`, { command: 'a' }]),
  )

  const { added = [] } = describeChanges({}, parse(many))

  expect(added).toHaveLength(21)
  expect(added.at(-1)).toBe('and 10 more')
})

test.each([
  ['the same', { a: { command: 'x', limits } }, { a: { command: 'y', limits } }, undefined],
  ['none', { a: { command: 'x' } }, { a: { command: 'x' }, b: { command: 'y' } }, undefined],
  ['of a new server', {}, { b: { command: 'y', limits } }, 'b'],
  ['lifted', { a: { command: 'x', limits } }, { a: { command: 'x' } }, 'a'],
  ['of a name that objects have', {}, { constructor: { command: 'y', limits } }, 'constructor'],
])('limits that are %s are found', (_, before, after, found) => {
  expect(findChangedLimits(parse(before), parse(after))).toBe(found)
})
