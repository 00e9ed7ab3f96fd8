import { describe, expect, test } from 'vitest'
import { nearest } from '#cli/mcp/nearest.ts'
import { showContent, toFileName } from '#cli/mcp/show-content.ts'
import { parseToolArguments } from '#cli/mcp/tool-arguments.ts'

const SCHEMA = {
  type: 'object',
  properties: {
    text: { type: 'string' },
    count: { type: 'integer' },
    flag: { type: ['boolean', 'null'] },
    any: {},
  },
}

describe('arguments of a tool', () => {
  const given: { name: string; words: string[]; args: object }[] = [
    { name: 'none', words: [], args: {} },
    { name: 'an object', words: ['{"a": [1]}'], args: { a: [1] } },
    { name: 'text that looks like a number', words: ['text=12'], args: { text: '12' } },
    { name: 'text with =', words: ['text=a=b'], args: { text: 'a=b' } },
    { name: 'empty text', words: ['text='], args: { text: '' } },
    { name: 'a number', words: ['count=12'], args: { count: 12 } },
    { name: 'a truth', words: ['flag=true'], args: { flag: true } },
    { name: 'JSON where anything goes', words: ['any=[1]', 'x=y'], args: { any: [1], x: 'y' } },
    { name: 'a key of every object', words: ['constructor=1'], args: { constructor: 1 } },
  ]
  test.each(given)('$name', ({ words, args }) => {
    expect(parseToolArguments(words, SCHEMA)).toEqual(args)
  })

  test.each([
    { name: 'no key', words: ['hello'], says: /"hello" is no argument: write key=value/ },
    { name: 'broken JSON', words: ['{"a"'], says: /the arguments are not valid JSON/ },
    { name: 'a list', words: ['[1]'], says: /the arguments must be a JSON object/ },
    { name: 'an object and more', words: ['{}', 'a=1'], says: /one JSON object in quotes/ },
    { name: 'a key twice', words: ['any=1', 'any=2'], says: /"any" is there twice/ },
    { name: 'no number', words: ['count=many'], says: /"count" must be integer, as JSON: "many"/ },
  ])('are refused: $name', ({ words, says }) => {
    expect(() => parseToolArguments(words, SCHEMA)).toThrow(says)
  })
})

test('a name that is not there finds those like it', () => {
  const names = ['create_issue', 'create_pull_request', 'get_issue', 'list']

  expect(nearest('creat_issue', names)).toEqual(['create_issue'])
  expect(nearest('Issue', names)).toEqual(['create_issue', 'get_issue'])
  expect(nearest('github__list', names)).toEqual(['list'])
  expect(nearest('zebra', names)).toEqual([])
})

describe('what a tool answered', () => {
  const blob = Buffer.from('bytes').toString('base64')

  test('is shown block by block, each on lines of its own', () => {
    const { text, attachments } = showContent({
      content: [
        { type: 'text', text: 'one' },
        { type: 'text', text: 'two\n' },
        { type: 'image', mimeType: 'image/png', data: blob },
        { type: 'resource_link', name: 'three', uri: 'file:///3' },
        { type: 'resource', resource: { uri: 'file:///4', text: 'four' } },
        { type: 'resource', resource: { uri: 'file:///5', mimeType: 'a/b', blob } },
      ],
    })

    expect(text.split('\n')).toEqual([
      'one',
      'two',
      '[image/png, 5 bytes: --out FILE writes it]',
      'three: file:///3',
      'four',
      '[a/b, 5 bytes: --out FILE writes it]',
      '',
    ])
    expect(attachments.map(({ bytes }) => bytes.toString())).toEqual(['bytes', 'bytes'])
  })

  test('is its structured content where there is no other', () => {
    expect(showContent({ content: [], structuredContent: { a: 1 } }).text).toBe('{\n  "a": 1\n}\n')
  })

  test('goes to files whose names differ', () => {
    expect([1, 2, 3].map((count) => toFileName('a.b/plot.png', count))).toEqual([
      ...['a.b/plot.png', 'a.b/plot-2.png', 'a.b/plot-3.png'],
    ])
    expect(toFileName('a.b/plot', 2)).toBe('a.b/plot-2')
  })
})
