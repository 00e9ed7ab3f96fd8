import { expect, test } from 'vitest'
import { readAnnotations, verifyParamHeaders } from '#protocol/x-mcp-header.ts'

const marked = (name: unknown, type = 'string'): object => ({ type, 'x-mcp-header': name })
const schema = (properties: object, others = {}): object => ({
  type: 'object',
  properties,
  ...others,
})

test('annotations are found at any depth of properties', () => {
  const inputSchema = schema({
    region: marked('Region'),
    query: { type: 'string' },
    where: schema({ zone: marked('Zone', 'integer'), dry: marked('Dry-Run', 'boolean') }),
    'x-mcp-header': { type: 'string' },
  })
  expect(readAnnotations(inputSchema)).toEqual({
    ok: true,
    annotations: [
      { path: ['region'], name: 'Region', type: 'string' },
      { path: ['where', 'zone'], name: 'Zone', type: 'integer' },
      { path: ['where', 'dry'], name: 'Dry-Run', type: 'boolean' },
    ],
  })
})

test.each([[undefined], [null], [[]], ['x'], [{}], [schema({})]])(
  'a schema of %j has no annotations',
  (inputSchema) => expect(readAnnotations(inputSchema)).toEqual({ ok: true, annotations: [] }),
)

const deep = Array.from({ length: 70 }).reduce<object>((child) => schema({ child }), {})

test.each([
  ['an empty name', schema({ a: marked('') })],
  ['a name with a space', schema({ a: marked('My Region') })],
  ['a name with a line break', schema({ a: marked('A\r\nB') })],
  ['a name that is no string', schema({ a: marked(7) })],
  ['the same name in another case', schema({ a: marked('Region'), b: marked('REGION') })],
  ['a number', schema({ a: marked('A', 'number') })],
  ['an object', schema({ a: marked('A', 'object') })],
  ['the root', { 'x-mcp-header': 'A', type: 'object' }],
  ['items', schema({ a: { type: 'array', items: marked('A') } })],
  ['properties behind items', schema({ a: { items: schema({ b: marked('A') }) } })],
  ['additionalProperties', { additionalProperties: marked('A') }],
  ['patternProperties', { patternProperties: { '^a': marked('A') } }],
  ['oneOf', { oneOf: [{}, schema({ a: marked('A') })] }],
  ['anyOf', schema({ a: { anyOf: [marked('A')] } })],
  ['allOf', { allOf: [schema({ a: marked('A') })] }],
  ['not', { not: marked('A') }],
  ['then', { if: {}, then: schema({ a: marked('A') }) }],
  ['$defs', schema({ a: { $ref: '#/$defs/a' } }, { $defs: { a: marked('A') } })],
  ['a schema nested too deep', deep],
])('an annotation at %s makes the definition invalid', (_name, inputSchema) => {
  expect(readAnnotations(inputSchema)).toMatchObject({ ok: false })
})

interface Case {
  name: string
  args: unknown
  headers: Record<string, string>
  ok: boolean
}

const CASES: Case[] = [
  { name: 'a string that agrees', args: { r: 'us' }, headers: { region: 'us' }, ok: true },
  {
    name: 'a decoded string',
    args: { r: ' Hello, 世界\n' },
    headers: { region: ' Hello, 世界\n' },
    ok: true,
  },
  {
    name: 'Base64 that was meant literally',
    args: { r: 'SGVsbG8=' },
    headers: { region: 'SGVsbG8=' },
    ok: true,
  },
  { name: 'the empty string', args: { r: '' }, headers: { region: '' }, ok: true },
  { name: 'a string that differs', args: { r: 'us' }, headers: { region: 'eu' }, ok: false },
  {
    name: 'a string that differs in case',
    args: { r: 'us' },
    headers: { region: 'US' },
    ok: false,
  },
  { name: 'a header that is missing', args: { r: 'us' }, headers: {}, ok: false },
  { name: 'neither header nor value', args: {}, headers: {}, ok: true },
  { name: 'null without a header', args: { r: null }, headers: {}, ok: true },
  { name: 'a header without a value', args: {}, headers: { region: 'us' }, ok: false },
  { name: 'a header with null', args: { r: null }, headers: { region: 'null' }, ok: false },
  { name: 'a header and no arguments', args: undefined, headers: { region: 'us' }, ok: false },
  { name: 'no arguments', args: undefined, headers: {}, ok: true },
  { name: 'a header that no parameter names', args: {}, headers: { other: 'x' }, ok: true },
  { name: 'an integer', args: { o: { n: 42 } }, headers: { n: '42' }, ok: true },
  {
    name: 'an integer written with a fraction',
    args: { o: { n: 42 } },
    headers: { n: '42.0' },
    ok: true,
  },
  { name: 'a negative integer', args: { o: { n: -7 } }, headers: { n: '-7' }, ok: true },
  { name: 'an integer that differs', args: { o: { n: 42 } }, headers: { n: '43' }, ok: false },
  { name: 'an integer in hex', args: { o: { n: 16 } }, headers: { n: '0x10' }, ok: false },
  { name: 'an integer beside spaces', args: { o: { n: 1 } }, headers: { n: ' 1' }, ok: false },
  { name: 'nothing for zero', args: { o: { n: 0 } }, headers: { n: '' }, ok: false },
  {
    name: 'an unsafe integer',
    args: { o: { n: 2 ** 53 } },
    headers: { n: '9007199254740993' },
    ok: false,
  },
  { name: 'true', args: { b: true }, headers: { flag: 'true' }, ok: true },
  { name: 'True', args: { b: true }, headers: { flag: 'True' }, ok: false },
  {
    name: 'an object with a header',
    args: { r: {} },
    headers: { region: '[object Object]' },
    ok: false,
  },
  { name: 'an object without a header', args: { r: {} }, headers: {}, ok: true },
]

const read = readAnnotations(
  schema({
    r: marked('Region'),
    o: schema({ n: marked('N', 'integer') }),
    b: marked('Flag', 'boolean'),
    valueOf: marked('constructor'),
  }),
)
const annotations = read.ok ? read.annotations : []

test.each(CASES)('$name: $ok', ({ args, headers, ok }) => {
  expect(verifyParamHeaders(annotations, args, headers).ok).toBe(ok)
})

test('a refusal names the header and the parameter, and no value', () => {
  expect(verifyParamHeaders(annotations, { o: { n: 4242 } }, { n: 'secret' })).toEqual({
    ok: false,
    detail: 'Mcp-Param-N differs from arguments.o.n',
  })
})
