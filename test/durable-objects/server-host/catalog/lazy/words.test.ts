import { expect, test } from 'vitest'
import { toExpression } from '#durable-objects/server-host/catalog/lazy/expression.ts'
import { toSearchWords, toWords } from '#durable-objects/server-host/catalog/lazy/words.ts'

test.each([
  ['create_issue', ['create', 'issue']],
  ['create-issue', ['create', 'issue']],
  ['createIssue', ['create', 'issue', 'createissue']],
  ['getHTTPStatus', ['get', 'http', 'status', 'gethttpstatus']],
  ['listURLs2', ['list', 'ur', 'ls', '2', 'listurls2']],
  ['SHA-256', ['sha', '256']],
  ['server.tool/part', ['server', 'tool', 'part']],
  ['Über das “Größte”', ['über', 'das', 'größte']],
  ['', []],
  ['"*"', []],
])('%j has the words %j', (text, words) => {
  expect(toWords(text)).toEqual(words)
})

test('of a question the words stay that tell tools apart, each once', () => {
  expect(toSearchWords('How do I create a branch, a new branch?', 10)).toEqual([
    ...['create', 'branch', 'new'],
  ])
  expect(toSearchWords('what is this', 10)).toEqual(['what', 'is', 'this'])
  expect(toSearchWords('one two three four five', 2)).toEqual(['two', 'three'])
})

test('a query is made of quoted letters and digits', () => {
  expect(toExpression('"go" NEAR/2 pods*')).toBe(
    '"go" OR "near" OR "near" * OR "2" OR "pods" OR "pods" *',
  )
  expect(toExpression('()*"')).toBeUndefined()
})
