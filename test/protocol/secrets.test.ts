import { describe, expect, test } from 'vitest'
import {
  findReferences,
  hasReference,
  isPersonal,
  isWellReferenced,
  substitute,
} from '#protocol/secrets.ts'
import { cpuMs } from '#test/support/cpu-time.ts'

const referring = (...args: string[]) => ({ args, env: {} })
const A64 = 'A'.repeat(64)

describe('a reference', () => {
  test('is found as often as it stands there, in arguments and in values of the environment', () => {
    const found = findReferences({
      args: ['${secret:A}', '-${secret:A}${principal:B_2}-'],
      env: { '${secret:NOT_IN_NAMES}': '${principal:C}' },
    })

    expect(found.map(({ text }) => text)).toEqual([
      '${secret:A}',
      '${secret:A}',
      '${principal:B_2}',
      '${principal:C}',
    ])
    expect(found.at(-1)).toEqual({ text: '${principal:C}', owner: 'principal', name: 'C' })
    expect(found[0]).toEqual({ text: '${secret:A}', owner: 'tenant', name: 'A' })
  })

  const plain = [
    '',
    '$',
    '${A}',
    '${A:-secret:B}',
    '$secret:A',
    '{secret:A}',
    '${secrets:A}',
    '${SECRET:A}',
  ]
  test.each(plain)('is not "%s"', (text) => {
    expect(hasReference(text)).toBe(false)
    expect(isWellReferenced(text)).toBe(true)
    expect(findReferences(referring(text))).toEqual([])
  })

  const malformed = [
    '${secret:}',
    '${secret:a}',
    '${secret:1A}',
    '${secret:A',
    '${secret: A}',
    '${principal:A-B}',
  ]
  const nested = ['${secret:${secret:A}}', `\${secret:${A64}A}`, '${secret:A\n}']
  test.each([...malformed, ...nested])('is malformed as "%s"', (text) => {
    expect(isWellReferenced(text)).toBe(false)
    expect(hasReference(text)).toBe(true)
  })

  test('may have a name of 64 characters', () => {
    expect(isWellReferenced(`\${secret:${A64}}`)).toBe(true)
  })
})

test('a server is personal when it refers to a secret of the principal', () => {
  expect(isPersonal(referring('${secret:A}'))).toBe(false)
  expect(isPersonal({ args: [], env: { A: 'x${principal:A}' } })).toBe(true)
})

test('values stand where references stood, as they are', () => {
  const values = new Map([
    ['${secret:A}', "${secret:B} $& $1 $' ${principal:A}"],
    ['${secret:B}', 'b'],
  ])

  expect(substitute('<${secret:A}|${secret:B}|${principal:A}>', values)).toBe(
    "<${secret:B} $& $1 $' ${principal:A}|b|${principal:A}>",
  )
})

test('a text of many references is read in linear time', () => {
  const text = '${secret:'.repeat(50_000)

  const startedAt = cpuMs()
  isWellReferenced(text)
  findReferences(referring(text))

  expect(cpuMs() - startedAt).toBeLessThan(200)
})
