import { describe, expect, test } from 'vitest'
import type { Access } from '#protocol/access.ts'
import { keepVisible } from '#durable-objects/server-host/call/visible-list.ts'

const tools = (...may: string[]): Access => ({ kind: 'tool', may })
const resources = (...may: string[]): Access => ({ kind: 'resource', may })

function filtered(
  json: string,
  method: string,
  access: Access,
  era: 'legacy' | 'modern' = 'legacy',
): string {
  const bytes = keepVisible(new TextEncoder().encode(json), { method, era, access })
  return new TextDecoder().decode(bytes)
}

describe('a filtered list', () => {
  test('keeps every byte of what is kept, the cursor, and what nobody knows', () => {
    const list =
      '{"jsonrpc":"2.0","id":7,"result":{ "x":1.50 ,"tools": [ {"name":"rm","a":1}, ' +
      '{"inputSchema":{"maximum":12345678901234567890,"name":"rm"}, "name" : "\\u0065cho","é":"ü"} , ' +
      '{"name":"rmdir"}],"nextCursor":"rm","_meta":{"tools":[{"name":"rm"}]}}}'

    expect(filtered(list, 'tools/list', tools('echo'))).toBe(
      '{"jsonrpc":"2.0","id":7,"result":{ "x":1.50 ,"tools": ' +
        '[{"inputSchema":{"maximum":12345678901234567890,"name":"rm"}, "name" : "\\u0065cho","é":"ü"}]' +
        ',"nextCursor":"rm","_meta":{"tools":[{"name":"rm"}]}}}',
    )
  })

  test('may be empty, and keeps its cursor', () => {
    const list = '{"id":1,"result":{"tools":[{"name":"rm"}],"nextCursor":"2"}}'

    expect(filtered(list, 'tools/list', tools('echo'))).toBe(
      '{"id":1,"result":{"tools":[],"nextCursor":"2"}}',
    )
  })

  test('has by allowed and denied patterns what its principal may use', () => {
    const access: Access = { kind: 'tool', may: ['*'], only: ['a*'], never: ['*x'] }
    const list = '{"id":1,"result":{"tools":[{"name":"ab"},{"name":"ax"},{"name":"b"}]}}'

    expect(filtered(list, 'tools/list', access)).toBe('{"id":1,"result":{"tools":[{"name":"ab"}]}}')
  })

  test.each([
    ['prompts/list', 'prompts', 'name', tools('a'), 'a', 'b'],
    ['resources/list', 'resources', 'uri', resources('file:///a*'), 'file:///ab', 'file:///b'],
    ['resources/list', 'resources', 'uri', resources('file:///a*'), 'file:///ab', 'file:///a/../b'],
    [
      ...(['resources/templates/list', 'resourceTemplates', 'uriTemplate'] as const),
      ...([resources('file:///a/b'), 'file:///a/{x}', 'file:///b/{x}'] as const),
    ],
  ] as const)('%s', (...[method, member, key, access, kept, left]) => {
    const listOf = (...names: string[]) =>
      JSON.stringify({ id: 1, result: { [member]: names.map((name) => ({ [key]: name })) } })

    expect(filtered(listOf(left, kept, left), method, access)).toBe(listOf(kept))
  })

  test.each([
    ['[1,null,"echo",["echo"],{},{"name":7},{"name":["echo"]}]', '[]'],
    ['{"name":"echo"}', '[]'],
    ['"echo"', '[]'],
    ['[{"name":"echo","name":"rm"},{"name":"rm","name":"echo"}]', '[{"name":"rm","name":"echo"}]'],
    ['[]', '[]'],
  ])('of what is malformed nothing passes unseen: %s', (list, kept) => {
    const answer = (text: string) => `{"id":1,"result":{"tools":${text}}}`

    expect(filtered(answer(list), 'tools/list', tools('echo'))).toBe(answer(kept))
  })

  test('is nobody else’s in a cache', () => {
    const list = (rest: string) => `{"id":1,"result":{"tools":[]${rest}}}`
    const own = list(',"ttlMs":5,"cacheScope":"private"')

    expect(
      filtered(list(',"ttlMs":5,"cacheScope":"public"'), 'tools/list', tools(), 'modern'),
    ).toBe(own)
    expect(filtered(list(',"ttlMs":5'), 'tools/list', tools(), 'modern')).toBe(own)
    expect(filtered(list(''), 'tools/list', tools(), 'legacy')).toBe(list(''))
  })
})

test.each([
  ['an error', '{"id":1,"error":{"code":-32601,"message":"rm"}}', 'tools/list'],
  ['another method’s answer', '{"id":1,"result":{"tools":[{"name":"rm"}]}}', 'tools/call'],
])('%s passes as it is', (_what, json, method) => {
  expect(filtered(json, method, tools('echo'), 'modern')).toBe(json)
})
