import { expect, test } from 'vitest'
import { ERRORS, GatewayError, type ErrorCode } from '#protocol/errors.ts'
import { isPassing, judge } from '#durable-objects/server-host/guard/classify-outcome.ts'

const HEARD = { wasHeard: true, isBlameless: false }
const SILENT = { wasHeard: false, isBlameless: false }
const CODES = Object.keys(ERRORS) as ErrorCode[]

test('what the server answers is a success, errors of its own among it', () => {
  expect(judge('ok', HEARD)).toBe('success')
  expect(judge('rpc_error', HEARD)).toBe('success')
})

test('what the gateway answers in its place says nothing', () => {
  expect(judge('ok', SILENT)).toBe('neutral')
  expect(judge('rpc_error', SILENT)).toBe('neutral')
})

test('these codes are failures, and no others', () => {
  const failures = CODES.filter((code) => judge(code, SILENT) === 'failure')

  expect(failures.toSorted()).toEqual([
    'call_timeout',
    'remote_failed',
    'remote_unreachable',
    'server_crash_loop',
    'server_exited',
    'server_start_failed',
    'server_start_timeout',
  ])
})

test('a call that was cancelled, or whose process we ended, says nothing', () => {
  expect(judge('cancelled', SILENT)).toBe('neutral')
  expect(judge('call_cancelled', SILENT)).toBe('neutral')
  expect(judge('server_exited', { wasHeard: false, isBlameless: true })).toBe('neutral')
})

test('tried again is what may heal in a moment', () => {
  const passing = CODES.filter((code) => isPassing(new GatewayError(code)))

  expect(passing.toSorted()).toEqual([
    'remote_failed',
    'remote_unreachable',
    'server_exited',
    'server_start_failed',
  ])
})
