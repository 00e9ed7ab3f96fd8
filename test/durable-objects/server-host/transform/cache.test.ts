/** What is kept, for how long, and under which key. */
import { describe, expect, test } from 'vitest'
import { Cache, type Entry } from '#durable-objects/server-host/transform/cache/cache.ts'
import { toKey } from '#durable-objects/server-host/transform/cache/key.ts'
import {
  isShareable,
  keepableResult,
  stateAt,
  toEntry,
} from '#durable-objects/server-host/transform/cache/policy.ts'
import { toResponse } from '#durable-objects/server-host/transform/cache/to-response.ts'
import { Transformers, type CacheRule } from '#protocol/transform.ts'

const bytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value))
const text = (json: Uint8Array) => new TextDecoder().decode(json)
const rule = (more: object): CacheRule =>
  Transformers.parse([{ use: 'cache', ...more }])[0] as CacheRule
const entry = (size: number, server = 's'): Entry => ({
  ...{ server, result: new Uint8Array(size) },
  ...{ freshUntil: 1, revalidateUntil: 1, errorUntil: 1 },
})

describe('a cache', () => {
  test('lets the least recently used go beyond so many results', () => {
    const cache = new Cache()
    for (let n = 0; n < 2_000; n++) cache.set(`k${n}`, entry(1))
    cache.get('k0')
    cache.set('one more', entry(1))

    expect(cache.get('k0')).toBeDefined()
    expect(cache.get('k1')).toBeUndefined()
    expect(cache.get('one more')).toBeDefined()
  })

  test('lets them go beyond so many bytes, and keeps none that is too large', () => {
    const cache = new Cache()
    for (let n = 0; n < 40; n++) cache.set(`k${n}`, entry(1_000_000))
    cache.set('huge', entry(1_048_577))

    expect(cache.get('huge')).toBeUndefined()
    expect(Array.from({ length: 40 }, (_, n) => cache.get(`k${n}`)).filter(Boolean)).toHaveLength(
      33,
    )
  })

  test('counts a result that takes the place of another once', () => {
    const cache = new Cache()
    for (let n = 0; n < 100; n++) cache.set('same', entry(1_000_000))
    for (let n = 0; n < 32; n++) cache.set(`k${n}`, entry(1_000_000))

    expect(cache.get('same')).toBeDefined()
  })

  test('drops one server, and tells that it did', () => {
    const cache = new Cache()
    cache.set('a', entry(1, 'one'))
    cache.set('b', entry(1, 'other'))
    const before = cache.generationOf('one')
    cache.drop('one')

    expect([cache.get('a'), cache.get('b')?.server]).toEqual([undefined, 'other'])
    expect(cache.generationOf('one')).not.toBe(before)
  })
})

describe('a result', () => {
  const freshness = { isPrivate: false }

  test.each([
    { name: 'is fresh for its time', more: {}, ages: { 999: 'fresh', 1_000: 'expired' } },
    {
      name: 'is stale while it is fetched again',
      more: { staleWhileRevalidateMs: 500 },
      ages: { 999: 'fresh', 1_499: 'stale', 1_500: 'expired' },
    },
  ])('$name', ({ more, ages }) => {
    const kept = toEntry('s', bytes({}), rule({ ttlMs: 1_000, ...more }), undefined, 5_000)
    for (const [age, state] of Object.entries(ages)) {
      expect(stateAt(kept as Entry, 5_000 + Number(age))).toBe(state)
    }
  })

  test('has the time that its server gives it, and none where that is none', () => {
    const long = toEntry('s', bytes({}), rule({ ttlMs: 1 }), { ...freshness, ttlMs: 9_000 }, 0)
    expect(long?.freshUntil).toBe(9_000)
    const none = rule({ ttlMs: 1_000, staleIfErrorMs: 1_000 })
    expect(toEntry('s', bytes({}), none, { ...freshness, ttlMs: 0 }, 0)).toBeUndefined()
    expect(toEntry('s', bytes({}), rule({ ttlMs: 0 }), undefined, 0)).toBeUndefined()
  })

  test.each([
    [{ result: { content: [], n: 1 } }, true],
    [{ result: { isError: false } }, true],
    [{ result: { resultType: 'complete' } }, true],
    [{ result: { isError: true } }, false],
    [{ result: { resultType: 'input_required' } }, false],
    [{ result: { resultType: 'task' } }, false],
    [{ result: { task: { taskId: '1' } } }, false],
    [{ error: { code: 1, message: '' } }, false],
  ])('is kept when it is complete and no error: %j', (response, isKept) => {
    expect(keepableResult(bytes(response)) !== undefined).toBe(isKept)
  })

  test('is shared by who waits for it, errors too, but no question', () => {
    expect(isShareable(bytes({ error: { code: 1 } }))).toBe(true)
    expect(isShareable(bytes({ result: { isError: true } }))).toBe(true)
    expect(isShareable(bytes({ result: { resultType: 'input_required' } }))).toBe(false)
  })

  test('is told under another id, byte for byte, with the time that is left', () => {
    const result = new TextEncoder().encode('{"n":1.0,"ttlMs":100}')
    const kept = { result, freshUntil: 100 }

    expect(text(toResponse(kept, 'é', 30))).toBe(
      '{"jsonrpc":"2.0","id":"é","result":{"n":1.0,"ttlMs":70}}',
    )
    expect(text(toResponse(kept, 2, 900))).toBe(
      '{"jsonrpc":"2.0","id":2,"result":{"n":1.0,"ttlMs":0}}',
    )
    expect(text(toResponse({ ...kept, freshUntil: 9_000 }, 2, 0))).toContain('"ttlMs":100}')
  })
})

describe('a key', () => {
  const parts = { server: 's', digest: 'd', method: 'tools/call', protocol: 'legacy 2025-11-25' }
  const key = (params: unknown, more = {}) => toKey(bytes({ id: 1, params }), { ...parts, ...more })
  const params = { name: 't', arguments: { a: 1, b: [1, { c: 2, d: 3 }] } }

  test('is the same for equal calls, whoever makes them', () => {
    const other = {
      arguments: { b: [1, { d: 3, c: 2 }], a: 1 },
      name: 't',
      _meta: { progressToken: 7 },
    }
    expect(key(other)).toBe(key(params))
  })

  test.each([
    ['another value', { ...params, arguments: { a: 2 } }, {}],
    ['another type', { ...params, arguments: { a: '1', b: [1, { c: 2, d: 3 }] } }, {}],
    ['another name', { ...params, name: 'u' }, {}],
    ['another server', params, { server: 'x' }],
    ['another command', params, { digest: 'x' }],
    ['another method', params, { method: 'prompts/get' }],
    ['another revision', params, { protocol: 'modern 2026-07-28' }],
  ])('is another for %s', (_, given, more) => {
    expect(key(given, more)).not.toBe(key(params))
  })

  test.each([
    ['a retry with answers', { ...params, inputResponses: {} }],
    ['a retry with a state', { ...params, requestState: 's' }],
    ['one that becomes a task', { ...params, task: {} }],
    ['large arguments', { ...params, arguments: { a: 'x'.repeat(9_000) } }],
    [
      'deep arguments',
      { ...params, arguments: JSON.parse(`${'['.repeat(80)}${']'.repeat(80)}`) as object },
    ],
  ])('is not made for %s', (_, given) => {
    expect(key(given)).toBeUndefined()
  })
})
