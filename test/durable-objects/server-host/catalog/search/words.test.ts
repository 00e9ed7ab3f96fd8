import { expect, test } from 'vitest'
import { toConcepts } from '#durable-objects/server-host/catalog/search/concepts.ts'
import { SYNONYMS } from '#durable-objects/server-host/catalog/search/synonyms.ts'
import { toSearchWords, toWords } from '#durable-objects/server-host/catalog/search/words.ts'

test.each([
  ['create_issue', ['create', 'issue']],
  ['create-issue', ['create', 'issue', 'createissue']],
  ['list-running-pods', ['list', 'running', 'pods']],
  ['createIssue', ['create', 'issue', 'createissue']],
  ['getHTTPStatus', ['get', 'http', 'status', 'gethttpstatus']],
  ['listURLs2', ['list', 'ur', 'ls', '2', 'listurls2']],
  ['SHA-256', ['sha', '256']],
  ['an e-mail', ['an', 'e', 'mail', 'email']],
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
  const expressions = toConcepts('"go" NEAR/2 pods*').flatMap(({ terms }) =>
    terms.map(({ expression }) => expression),
  )

  expect(expressions).toContain('"near" *')
  expect(expressions).toContain('"container"')
  for (const expression of expressions) expect(expression).toMatch(/^"[\w]+"( \*| OR "[\w]+")*$/)
  expect(toConcepts('()*"')).toEqual([])
})

test('a word stands for others in whatever form it is asked for', () => {
  const synonymsOf = (question: string) => toConcepts(question)[0]?.terms.at(-1)?.expression

  for (const form of ['hire', 'hires', 'hired', 'hiring']) {
    expect(synonymsOf(form)).toContain('"candidate"')
  }
})

test('the thesaurus has single words in lowercase, each for another one', () => {
  for (const [word, others] of SYNONYMS) {
    expect([word, ...others].join()).toMatch(/^[a-z,]+$/)
    expect(others).not.toContain(word)
  }
})
