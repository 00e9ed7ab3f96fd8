import { expect, test } from 'vitest'
import type { Access } from '#protocol/access.ts'
import { allowsTemplate, mayAllowTemplate } from '#protocol/uri-template.ts'

const readable = (...may: string[]): Access => ({ kind: 'resource', may })

test.each([
  ['test://template/{id}/data', ['test://*'], 'all'],
  ['test://template/{id}/data', ['*'], 'all'],
  ['test://template/{id}/data', ['test://template/*/data'], 'all'],
  ['test://template/{id}/data', ['test://template/7/data'], 'some'],
  ['test://template/{id}/data', ['test://template/7/meta'], 'none'],
  ['test://template/{id}/data', ['test://other/*'], 'none'],
  ['test://template/{id}/data', [], 'none'],
  ['{+uri}', ['file:///a'], 'some'],
  ['file:///{path}{?v}', ['file:///*'], 'all'],
  ['file:///a/../{path}', ['file:///*'], 'none'],
  ['file:///a/../{path}', ['*'], 'all'],
  // What is broken may stand for anything.
  ['file:///a{b', ['file:///a1'], 'some'],
  ['file:///a}b{c}', ['file:///a*'], 'all'],
  ['file:///a', ['file:///a'], 'all'],
] as const)('of %s, %j may read: %s', (template, may, how) => {
  const access = readable(...may)

  expect(mayAllowTemplate(access, template)).toBe(how !== 'none')
  expect(allowsTemplate(access, template)).toBe(how === 'all')
})
