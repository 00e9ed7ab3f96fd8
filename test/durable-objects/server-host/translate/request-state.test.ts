import { beforeAll, expect, test } from 'vitest'
import type {
  RequestState,
  RequestStateKey,
} from '#durable-objects/server-host/translate/request-state.ts'
import {
  digestCall,
  importRequestStateKey,
  openRequestState,
  sealRequestState,
} from '#durable-objects/server-host/translate/request-state.ts'

const STATE: RequestState = {
  callKey: 'call:1',
  principal: 'token:a',
  digest: 'd'.repeat(43),
  expiresAt: 1_000,
}
const ASKED = { principal: STATE.principal, digest: STATE.digest, now: 999 }

let key: RequestStateKey
let sealed: string
beforeAll(async () => {
  key = await importRequestStateKey(new Uint8Array(32).fill(1))
  sealed = await sealRequestState(key, STATE)
})

test('a state opens for the one who got it, on the same call, in time', async () => {
  expect(await openRequestState(key, sealed, ASKED)).toEqual({ ok: true, callKey: 'call:1' })
})

test.each([
  ['expired', { now: 1_000 }],
  ['other_principal', { principal: 'token:b' }],
  ['other_request', { digest: 'e'.repeat(43) }],
])('a state is refused as %s', async (reason, change) => {
  const verdict = await openRequestState(key, sealed, { ...ASKED, ...change })
  expect(verdict).toEqual({ ok: false, reason })
})

test('a state changed in any one character is refused', async () => {
  for (let at = 0; at < sealed.length; at++) {
    const other = sealed[at] === 'A' ? 'B' : 'A'
    const changed = sealed.slice(0, at) + other + sealed.slice(at + 1)
    expect(await openRequestState(key, changed, ASKED), changed).toMatchObject({ ok: false })
  }
})

test('a seal has one spelling, though Base64 would take several', async () => {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const others = [...alphabet].filter((char) => char !== sealed.at(-1))
  for (const char of others) {
    const verdict = await openRequestState(key, sealed.slice(0, -1) + char, ASKED)
    expect(verdict.ok, char).toBe(false)
  }
})

test('a state under another secret is forged', async () => {
  const forged = await sealRequestState(
    await importRequestStateKey(new Uint8Array(32).fill(2)),
    STATE,
  )
  const verdict = await openRequestState(key, forged, ASKED)
  expect(verdict).toEqual({ ok: false, reason: 'forged' })
})

test.each([undefined, 7, '', '.', 'a.b.c', 'a', 'aaaaa.aaaaa', 'ä.b', 'a'.repeat(4097)])(
  '%j is malformed',
  async (text) => {
    const verdict = await openRequestState(key, text, ASKED)
    expect(verdict).toMatchObject({ ok: false })
  },
)

test('anything appended is refused', async () => {
  const verdict = await openRequestState(key, `${sealed}-TAMPERED`, ASKED)
  expect(verdict.ok).toBe(false)
})

test('a state that could not be opened again is not sealed', async () => {
  const long = { ...STATE, principal: 'p'.repeat(4096) }
  await expect(sealRequestState(key, long)).rejects.toThrow(TypeError)
})

const CALL = { name: 'echo', arguments: { a: 1, b: [{ c: 2, d: null }] } }

test.each([
  ['another key order', { arguments: { b: [{ d: null, c: 2 }], a: 1 }, name: 'echo' }],
  ['answers and state', { ...CALL, inputResponses: { k: {} }, requestState: 's' }],
  ['another progress token', { ...CALL, _meta: { progressToken: 2 } }],
])('%s does not make another call', async (_name, params) => {
  expect(await digestCall('tools/call', params)).toBe(await digestCall('tools/call', CALL))
})

test.each([
  ['another method', 'prompts/get', CALL],
  ['another name', 'tools/call', { ...CALL, name: 'echo2' }],
  ['another argument', 'tools/call', { ...CALL, arguments: { a: 1, b: [{ c: 3, d: null }] } }],
  ['another type', 'tools/call', { ...CALL, arguments: { a: '1', b: [{ c: 2, d: null }] } }],
  [
    'another order of a list',
    'tools/call',
    { ...CALL, arguments: { a: 1, b: [{ d: null }, { c: 2 }] } },
  ],
])('%s makes another call', async (_name, method, params) => {
  expect(await digestCall(method, params)).not.toBe(await digestCall('tools/call', CALL))
})

test('params nested too deep are refused, not a stack overflow', async () => {
  const deep: unknown = JSON.parse(`${'['.repeat(50_000)}${']'.repeat(50_000)}`)
  await expect(digestCall('tools/call', { deep })).rejects.toMatchObject({ code: 'invalid_params' })
})
