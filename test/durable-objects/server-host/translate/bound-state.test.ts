import { expect, test } from 'vitest'
import { bindState, openBoundState } from '#durable-objects/server-host/translate/bound-state.ts'
import { importRequestStateKey } from '#durable-objects/server-host/translate/request-state.ts'

const keyOf = (byte: number) => importRequestStateKey(new Uint8Array(32).fill(byte))
const owner = { principal: 'token:1', server: 'a' }

test.each(['kept', '', 'a.b.c', 'é"\\\u0000', 'x'.repeat(100_000)])(
  'a server gets back what it gave: %#',
  async (state) => {
    const key = await keyOf(1)

    expect(await openBoundState(key, owner, await bindState(key, owner, state))).toBe(state)
  },
)

test('nobody else can bring it back, nor to another server, nor changed', async () => {
  const key = await keyOf(1)
  const bound = await bindState(key, owner, 'kept')
  const flipped = `${bound[0] === 'A' ? 'B' : 'A'}${bound.slice(1)}`

  expect(await openBoundState(key, { ...owner, principal: 'token:2' }, bound)).toBeUndefined()
  expect(await openBoundState(key, { ...owner, server: 'b' }, bound)).toBeUndefined()
  expect(await openBoundState(await keyOf(2), owner, bound)).toBeUndefined()
  expect(await openBoundState(key, owner, `${bound}x`)).toBeUndefined()
  expect(await openBoundState(key, owner, flipped)).toBeUndefined()
})

test('what is said by one part is not said by another', async () => {
  const key = await keyOf(1)
  const bound = await bindState(key, { principal: 'a', server: 'b' }, 'c')

  expect(await openBoundState(key, { principal: 'a","b', server: '' }, bound)).toBeUndefined()
})

test.each([
  'kept',
  '',
  7,
  null,
  undefined,
  {},
  `${'A'.repeat(42)}.kept`,
  `${'A'.repeat(42)}B.kept`,
])('what was never bound is none: %j', async (text) => {
  expect(await openBoundState(await keyOf(1), owner, text)).toBeUndefined()
})
