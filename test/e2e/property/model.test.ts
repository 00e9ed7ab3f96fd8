/** The model itself: a property that takes everything would prove nothing. */
import { describe, expect, test } from 'vitest'
import { findLeak, ownerOfProcess, type Place } from './audience.ts'
import { CALLERS, type Caller } from './callers.ts'
import { judge } from './judge.ts'
import { plan } from './plan.ts'
import { writeOwner, writeStamp } from './stamps.ts'
import type { Message } from './wire.ts'

const caller = (key: string): Caller => {
  const found = CALLERS.find((one) => one.key === key)
  if (found === undefined) throw new Error(`no caller ${key}`)
  return found
}
const VIEWER = caller('local-alice1-legacy-own')
const OTHERS = [
  ['another tenant', 'other-alice1-legacy-own'],
  ['another token', 'local-bob1-legacy-own'],
  ['another client of the token', 'local-alice2-legacy-own'],
  ['another session of the client', 'local-alice1-legacy-catalog'],
] as const

function leakOf(message: Message, stamp: string, place: Place = { viewer: VIEWER, call: 1 }) {
  return findLeak(JSON.stringify({ ...message, params: { stamp } }), message, place)
}
const own = (call: number): string => writeStamp({ caller: VIEWER.key, call })

describe.each([
  undefined,
  'notifications/progress',
  'notifications/message',
  'elicitation/create',
  'notifications/resources/updated',
])('a message with the method %s', (method) => {
  const message: Message = method === undefined ? {} : { method }

  test('may bear the stamp of the call that it came for', () => {
    expect(leakOf(message, own(1))).toBeUndefined()
  })

  test.each(OTHERS)('may not bear the stamp of %s', (_, key) => {
    expect(leakOf(message, writeStamp({ caller: key, call: 1 }))).toBeDefined()
  })

  test('may not come from the process of another principal', () => {
    expect(leakOf(message, writeOwner('local-bob'))).toBeDefined()
  })
})

test('an answer and progress are of their own call, of the same client, too', () => {
  expect(leakOf({}, own(2))).toBeDefined()
  expect(leakOf({ method: 'notifications/progress' }, own(2))).toBeDefined()
})

test('a cached answer may be of another client of the principal, and of nobody else', () => {
  const place = { viewer: VIEWER, call: 1, isCached: true }
  const of = (key: string) => leakOf({}, writeStamp({ caller: key, call: 9 }), place)

  expect(of('local-alice2-modern-own')).toBeUndefined()
  expect(of('local-bob1-legacy-own')).toBeDefined()
  expect(of('other-alice1-legacy-own')).toBeDefined()
})

test('a process of its own is a session’s, and a modern client’s at every endpoint', () => {
  const modern = ['own', 'catalog'].map((at) => caller(`local-alice1-modern-${at}`))
  const owners = [VIEWER, ...modern].map((one) => ownerOfProcess('own', one))

  expect(owners[1]).toBe(owners[2])
  expect(owners[0]).not.toBe(owners[1])
})

test('a call needs one answer, which is its own, or an error that its loss explains', () => {
  const stamp = { caller: VIEWER.key, call: 1 }
  const expected = { kind: 'answer', isAbandoned: false } as const
  const answer = (text: string): Message => ({ result: { content: [{ type: 'text', text }] } })
  const lost = { answers: [{ error: { code: 1, message: '', data: { code: 'server_exited' } } }] }

  expect(judge({ answers: [answer(own(1))] }, stamp, expected, undefined)).toBeUndefined()
  expect(judge({ answers: [answer(own(11))] }, stamp, expected, undefined)).toBeDefined()
  expect(judge({ answers: [] }, stamp, expected, 'process')).toBeDefined()
  const twice = [answer(own(1)), answer(own(1))]
  expect(judge({ answers: twice }, stamp, expected, 'restart')).toBeDefined()
  expect(judge(lost, stamp, expected, undefined)).toBeDefined()
  expect(judge(lost, stamp, expected, 'process')).toBeUndefined()
})

test('a seed says all that is done', () => {
  expect(plan(7, 600)).toEqual(plan(7, 600))
  expect(plan(7, 600)).not.toEqual(plan(8, 600))
  expect(plan(7, 600).flatMap(({ steps }) => steps)).toHaveLength(600)
})
