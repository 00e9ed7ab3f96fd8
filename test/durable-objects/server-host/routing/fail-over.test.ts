/** What is tried at another server: nothing twice that might do something twice. */
import { expect, test } from 'vitest'
import { mayFailOver } from '#durable-objects/server-host/routing/fail-over.ts'
import { ERRORS, GatewayError, type ErrorCode } from '#protocol/errors.ts'

const ASKED = { undelivered: false, hasSpoken: false }
const say = (code: ErrorCode, more: Partial<typeof ASKED> = {}) =>
  mayFailOver(new GatewayError(code), { ...ASKED, ...more })

test.each<[ErrorCode, string]>([
  ['server_unavailable', 'yes'],
  ['server_busy', 'yes'],
  ['server_start_failed', 'yes'],
  ['server_start_timeout', 'yes'],
  ['server_crash_loop', 'yes'],
  ['secret_missing', 'yes'],
  ['remote_unreachable', 'yes'],
  ['server_exited', 'repeatable'],
  ['remote_failed', 'repeatable'],
  ['call_timeout', 'no'],
  ['call_cancelled', 'no'],
  ['unauthorized', 'no'],
  ['too_many_calls', 'no'],
  ['message_too_large', 'no'],
  ['remote_refused', 'no'],
  ['internal', 'no'],
])('%s: %s', (code, expected) => {
  expect(say(code)).toBe(expected)
})

test('what no process has read is tried elsewhere, whatever it does', () => {
  expect(say('server_exited', { undelivered: true })).toBe('yes')
})

test('a call whose client was told something stays where it is', () => {
  const codes = Object.keys(ERRORS) as ErrorCode[]

  expect(codes.filter((code) => say(code, { hasSpoken: true }) !== 'no')).toEqual([])
})
