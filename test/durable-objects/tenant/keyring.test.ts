import { expect, test } from 'vitest'
import { findKey, parseKeyring } from '#durable-objects/tenant/keyring.ts'

test('a text without a colon is one key, whatever else is in it', () => {
  expect(parseKeyring('PEPPER', 'a,b c\n')).toEqual([{ id: '1', value: 'a,b c\n' }])
})

test('keys are newest first, and found by their id', () => {
  const keyring = parseKeyring('PEPPER', '2:new , 1:old:with:colons')

  expect(keyring[0]).toEqual({ id: '2', value: 'new' })
  expect(findKey(keyring, '1')).toEqual({ id: '1', value: 'old:with:colons' })
  expect(findKey(keyring, '3')).toBeUndefined()
})

test.each([
  ['', 'PEPPER must not be empty'],
  [' \n', 'PEPPER must not be empty'],
  ['2:new,hidden', 'PEPPER: key 2 must have the form id:value'],
  ['hidden words:new', 'PEPPER: key 1 must have the form id:value'],
  ['2:new,', 'PEPPER: key 2 must have the form id:value'],
  ['2:new,hidden:', 'PEPPER: key 2 has no value'],
  ['hidden:a,hidden:b', 'PEPPER has two keys of the same id'],
  [Array.from({ length: 17 }, (_, at) => `${at}:x`).join(), 'PEPPER has more than 16 keys'],
])('%j is refused, and nothing of it is repeated', (text, message) => {
  expect(() => parseKeyring('PEPPER', text)).toThrow(new TypeError(message))
})
