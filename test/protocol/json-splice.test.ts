import { expect, test } from 'vitest'
import type { Path, Span } from '#protocol/json-splice.ts'
import {
  editObject,
  findSpans,
  listElements,
  listMembers,
  setValue,
  splice,
} from '#protocol/json-splice.ts'
import { cpuMs } from '#test/support/cpu-time.ts'

const encode = (text: string): Uint8Array => new TextEncoder().encode(text)
const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

function textAt(json: string, path: Path): string | undefined {
  const bytes = encode(json)
  const [span] = findSpans(bytes, [path])
  return span === undefined ? undefined : decode(bytes.subarray(span.start, span.end))
}

interface Lookup {
  name: string
  json: string
  path: Path
  found: string | undefined
}

const LOOKUPS: Lookup[] = [
  { name: 'a number', json: '{"id":17}', path: ['id'], found: '17' },
  { name: 'a number before a space', json: '{"id":-1.5e+3 }', path: ['id'], found: '-1.5e+3' },
  { name: 'a literal', json: '{"id":null,"x":1}', path: ['id'], found: 'null' },
  { name: 'a string with escapes', json: '{"id":"a\\"\\\\"}', path: ['id'], found: '"a\\"\\\\"' },
  { name: 'an object', json: '{"p":{"a":[1,{"b":2}]}}', path: ['p'], found: '{"a":[1,{"b":2}]}' },
  { name: 'a nested value', json: '{"p":{"q":{"r":"s"}}}', path: ['p', 'q', 'r'], found: '"s"' },
  { name: 'space of every kind', json: ' {\n\t"id" :\r\n 3\n}\n', path: ['id'], found: '3' },
  { name: 'a key with an escape', json: '{"\\u0069d":4}', path: ['id'], found: '4' },
  { name: 'a key with a slash', json: '{"a\\/b":5}', path: ['a/b'], found: '5' },
  { name: 'a key beyond ASCII', json: '{"clé":6}', path: ['clé'], found: '6' },
  { name: 'a surrogate pair in a key', json: '{"😀":7}', path: ['😀'], found: '7' },
  { name: 'the empty key', json: '{"":8}', path: [''], found: '8' },
  { name: 'a key that begins alike', json: '{"identity":1,"id":2}', path: ['id'], found: '2' },
  { name: 'a key inside a string', json: '{"a":"\\"id\\":1","id":2}', path: ['id'], found: '2' },
  {
    name: 'braces inside a string',
    json: '{"a":["}]",{"b":"{["}],"id":2}',
    path: ['id'],
    found: '2',
  },
  { name: 'the last of two', json: '{"id":1,"id":2}', path: ['id'], found: '2' },
  { name: 'the last spelling', json: '{"id":1,"i\\u0064":2}', path: ['id'], found: '2' },
  { name: 'the last parent', json: '{"p":{"a":1},"p":{"a":2}}', path: ['p', 'a'], found: '2' },
  {
    name: 'nothing of a replaced parent',
    json: '{"p":{"a":1},"p":{}}',
    path: ['p', 'a'],
    found: undefined,
  },
  {
    name: 'nothing of a replaced scalar',
    json: '{"p":{"a":1},"p":3}',
    path: ['p', 'a'],
    found: undefined,
  },
  { name: 'nothing deeper down', json: '{"p":{"id":1}}', path: ['id'], found: undefined },
  { name: 'nothing in an array', json: '{"p":[{"id":1}]}', path: ['p', 'id'], found: undefined },
  { name: 'nothing in an empty object', json: '{ }', path: ['id'], found: undefined },
  { name: 'nothing in an array text', json: '[{"id":1}]', path: ['id'], found: undefined },
]

test.each(LOOKUPS)('a path finds $name', ({ json, path, found }) => {
  expect(textAt(json, path)).toBe(found)
})

test('several paths are found in one pass, a parent and its child among them', () => {
  const json = encode('{"params":{"_meta":{"progressToken":"t"},"requestId":9},"id":1}')
  const paths = [['id'], ['params'], ['params', '_meta', 'progressToken'], ['params', 'requestId']]

  const spans = findSpans(json, paths)

  const texts = spans.map((span) => span && decode(json.subarray(span.start, span.end)))
  expect(texts).toEqual(['1', '{"_meta":{"progressToken":"t"},"requestId":9}', '"t"', '9'])
})

test('what is not edited stays byte for byte', () => {
  const json = encode('{ "id":1,\t"big":12345678901234567890, "f":1.0, "u":"\\u00e9é" }')

  const changed = setValue(json, ['id'], '"a:1"')

  expect(decode(changed)).toBe(
    '{ "id":"a:1",\t"big":12345678901234567890, "f":1.0, "u":"\\u00e9é" }',
  )
})

test('a value that is not there leaves the text as it is', () => {
  const json = encode('{"method":"ping"}')
  expect(setValue(json, ['id'], '1')).toBe(json)
})

test('edits apply in any order, and insert where their span is empty', () => {
  const span = (start: number, end: number): Span => ({ start, end })
  const edits = [
    { span: span(4, 4), text: 'X' },
    { span: span(0, 2), text: '' },
    { span: span(3, 4), text: 'é' },
  ]
  expect(decode(splice(encode('abcde'), edits))).toBe('céXe')
})

test('edits that overlap are refused', () => {
  const edits = [
    { span: { start: 0, end: 3 }, text: '' },
    { span: { start: 2, end: 4 }, text: '' },
  ]
  expect(() => splice(encode('abcde'), edits)).toThrow(RangeError)
})

interface ObjectEdit {
  name: string
  json: string
  changes: Record<string, string | undefined>
  expected: string
}

const OBJECT_EDITS: ObjectEdit[] = [
  { name: 'adds to an empty object', json: '{}', changes: { a: '1' }, expected: '{"a":1}' },
  {
    name: 'adds at the end',
    json: '{"a":1 }',
    changes: { b: '2', c: '3' },
    expected: '{"a":1,"b":2,"c":3}',
  },
  {
    name: 'replaces in place',
    json: '{"a":1, "b" : 2}',
    changes: { a: '[]' },
    expected: '{"a":[], "b" : 2}',
  },
  {
    name: 'removes the first',
    json: '{ "a":1, "b":2}',
    changes: { a: undefined },
    expected: '{"b":2}',
  },
  {
    name: 'removes one between',
    json: '{"a":1,"x":0,"b":2}',
    changes: { x: undefined },
    expected: '{"a":1,"b":2}',
  },
  {
    name: 'removes the last two',
    json: '{"a":1,"x":0,"y":0}',
    changes: { x: undefined, y: undefined },
    expected: '{"a":1}',
  },
  {
    name: 'removes all',
    json: '{"x":0 , "y":{}}',
    changes: { x: undefined, y: undefined },
    expected: '{}',
  },
  {
    name: 'removes the last and adds',
    json: '{"a":1,"x":0}',
    changes: { x: undefined, b: '2' },
    expected: '{"a":1,"b":2}',
  },
  {
    name: 'removes all and adds',
    json: '{"x":0}',
    changes: { x: undefined, b: '2' },
    expected: '{"b":2}',
  },
  {
    name: 'leaves one of two alike',
    json: '{"a":1,"b":2,"a":3}',
    changes: { a: '9' },
    expected: '{"b":2,"a":9}',
  },
  {
    name: 'removes both of two alike',
    json: '{"a":1,"b":2,"a":3}',
    changes: { a: undefined },
    expected: '{"b":2}',
  },
  {
    name: 'meets an escaped key',
    json: '{"\\u0061":1}',
    changes: { a: '2' },
    expected: '{"\\u0061":2}',
  },
  {
    name: 'takes __proto__ for a key',
    json: '{"__proto__":1,"a":2}',
    changes: { a: '3' },
    expected: '{"__proto__":1,"a":3}',
  },
  {
    name: 'does nothing where nothing is asked',
    json: '{ "a" : 1 }',
    changes: { b: undefined },
    expected: '{ "a" : 1 }',
  },
]

test.each(OBJECT_EDITS)('an object edit $name', ({ json, changes, expected }) => {
  const bytes = encode(json)
  const edits = editObject(bytes, { start: 0, end: bytes.length }, changes)
  expect(decode(splice(bytes, edits))).toBe(expected)
})

test.each(['null', '""', '"\\"a\\":1"', '["a","b"]', '5'])('%s has no members to edit', (json) => {
  const bytes = encode(json)
  expect(listMembers(bytes, 0)).toEqual([])
  expect(editObject(bytes, { start: 0, end: bytes.length }, { a: '1' })).toEqual([])
})

test.each(['{"a":"b', '{"a":[1,2', '{"a":"\\', '{"a', '{', '{"a":', ''])(
  'broken text %s ends the search',
  (json) => {
    try {
      findSpans(encode(json), [['a', 'b'], ['id']])
    } catch (error) {
      expect(error).toSatisfy((e) => e instanceof RangeError || e instanceof SyntaxError)
    }
  },
)

/** Mulberry32. */
function createRandom(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % below
  }
}

type Random = ReturnType<typeof createRandom>

// No key that begins with a backslash: V8 then misreads others (nodejs/node#63785).
const KEYS = ['id', 'params', '_meta', 'é', 'a"b', 'a\\b', '']
const TEXTS = [
  '',
  'x',
  '"',
  '\\',
  '\\"',
  '{"id":1}',
  '}]',
  '😀é',
  'y'.repeat(200),
  '\\"'.repeat(90),
]

function pick<T>(random: Random, from: readonly T[]): T {
  return from[random(from.length)] as T
}

/** JSON text with odd spacing, escapes and duplicate keys. */
function randomJSON(random: Random, depth: number): string {
  const space = (): string => pick(random, ['', '', ' ', '\n\t'])
  const kind = depth === 0 ? random(3) : random(6)
  if (kind === 0) return pick(random, ['0', '-1.5e3', '12345678901234567890', 'true', 'null'])
  if (kind < 3) return randomString(random, pick(random, TEXTS))
  const items = Array.from({ length: random(5) }, () => {
    const value = `${space()}${randomJSON(random, depth - 1)}${space()}`
    return kind === 3
      ? value
      : `${space()}${randomString(random, pick(random, KEYS))}${space()}:${value}`
  })
  return kind === 3 ? `[${items.join(',')}]` : `{${space()}${items.join(',')}}`
}

function randomString(random: Random, text: string): string {
  if (random(3) > 0) return JSON.stringify(text)
  const escaped = Array.from({ length: text.length }, (_, at) => {
    return `\\u${text.charCodeAt(at).toString(16).padStart(4, '0')}`
  })
  return `"${escaped.join('')}"`
}

function valueAt(root: unknown, path: Path): unknown {
  let node = root
  for (const key of path) {
    if (typeof node !== 'object' || node === null || Array.isArray(node)) return undefined
    if (!Object.hasOwn(node, key)) return undefined
    node = (node as Record<string, unknown>)[key]
  }
  return node
}

test('random texts: every path finds what JSON.parse finds', () => {
  for (let seed = 1; seed <= 3000; seed++) {
    const random = createRandom(seed)
    const json = randomJSON(random, 5)
    const paths = [
      ...new Set(
        Array.from({ length: 4 }, () => {
          return JSON.stringify(Array.from({ length: 1 + random(3) }, () => pick(random, KEYS)))
        }),
      ),
    ].map((path) => JSON.parse(path) as string[])
    const bytes = encode(json)

    const spans = findSpans(bytes, paths)

    const found = spans.map(
      (span) => span && JSON.parse(decode(bytes.subarray(span.start, span.end))),
    )
    const expected = paths.map((path) => valueAt(JSON.parse(json), path))
    expect(found, `seed ${seed}: ${json}`).toEqual(expected)
  }
})

test('random texts: an object edit is what assignment and delete make of the parsed value', () => {
  for (let seed = 1; seed <= 3000; seed++) {
    const random = createRandom(seed)
    const json = `{${Array.from({ length: random(6) }, () => {
      return ` ${randomString(random, pick(random, KEYS))}: ${randomJSON(random, 2)} `
    }).join(',')}}`
    const bytes = encode(json)
    const changes = Object.fromEntries(
      KEYS.filter(() => random(2) === 0).map((key) => [key, random(2) === 0 ? undefined : '[7]']),
    )

    const edits = editObject(bytes, { start: 0, end: bytes.length }, changes)

    const expected = JSON.parse(json) as Record<string, unknown>
    for (const [key, text] of Object.entries(changes)) {
      if (text === undefined) delete expected[key]
      else expected[key] = [7]
    }
    const edited = splice(bytes, edits)
    expect(JSON.parse(decode(edited)), `seed ${seed}: ${json}`).toEqual(expected)
    const keys = listMembers(edited, 0).map(({ key }) => key)
    const changed = keys.filter((key) => Object.hasOwn(changes, key))
    expect(changed.length, `seed ${seed}: ${json}`).toBe(new Set(changed).size)
  }
})

test('ten megabytes are passed over faster than they are parsed', () => {
  const item = JSON.stringify({
    type: 'text',
    text: 'line "one"\nline two',
    n: [1, 2, { a: null }],
  })
  const content = Array.from({ length: 160_000 }, () => item).join(',')
  const json = `{"result":{"content":[${content}]},"jsonrpc":"2.0","id":5}`
  const bytes = encode(json)
  const best = (run: () => unknown): number => {
    return Math.min(
      ...Array.from({ length: 5 }, () => {
        const from = cpuMs()
        run()
        return cpuMs() - from
      }),
    )
  }

  const scanned = best(() => findSpans(bytes, [['id'], ['result', '_meta']]))
  const parsed = best(() => JSON.parse(decode(bytes)))

  expect(bytes.length).toBeGreaterThan(10_000_000)
  expect(scanned).toBeLessThan(parsed)
})

test.each([
  ['[]', []],
  ['[ ]', []],
  ['[1]', ['1']],
  ['[ "a,]" , {"b":[1,2]},[[]] ,null,-1.5e3]', ['"a,]"', '{"b":[1,2]}', '[[]]', 'null', '-1.5e3']],
  ['{"a":1}', []],
  ['"[1]"', []],
])('the elements of %s are found', (json, elements) => {
  const bytes = new TextEncoder().encode(json)
  const found = listElements(bytes, 0).map(({ start, end }) => json.slice(start, end))

  expect(found).toEqual(elements)
})

test.each(['[}', '[,', '[1}]', '[[}', '[{"a":1]', '["a', '[1', '[tru'])(
  'elements of what is no JSON are looked for in bounded time: %s',
  (json) => {
    const look = () => listElements(new TextEncoder().encode(json), 0)
    try {
      expect(look().length).toBeLessThan(4)
    } catch (error) {
      expect(error).toBeInstanceOf(RangeError)
    }
  },
)
