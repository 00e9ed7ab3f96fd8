import { describe, expect, test } from 'vitest'
import { isHostAllowed, isOriginAllowed } from '#worker/mcp/origin.ts'

const allowedOrigins = new Set(['https://app.example'])

test.each([
  ['localhost:8787', [], true],
  ['127.0.0.1', [], true],
  ['[::1]:8787', [], true],
  ['LOCALHOST:8787', [], true],
  ['evil.example:8787', [], false],
  ['localhost.evil.example', [], false],
  ['gateway.lan:8787', ['gateway.lan'], true],
  ['evil.example', ['*'], true],
])('on one machine, Host %j with ALLOWED_HOSTS %j is served: %j', (host, names, expected) => {
  expect(isHostAllowed(host, new Set(names))).toBe(expected)
})

test('where the platform routes by host, any host is the deployment', () => {
  expect(isHostAllowed('gateway.example', undefined)).toBe(true)
})

describe('an origin', () => {
  test.each([
    ['http://localhost:8787', 'localhost:8787', [], true],
    ['http://localhost:3000', 'localhost:8787', [], false],
    ['http://evil.example', 'localhost:8787', [], false],
    ['null', 'localhost:8787', [], false],
    ['https://app.example', 'localhost:8787', [], true],
    ['https://APP.example', 'localhost:8787', [], true],
    ['http://evil.example:8787', 'evil.example:8787', ['*'], false],
    ['http://gateway.lan', 'gateway.lan', ['gateway.lan'], true],
  ])('%j at Host %j with ALLOWED_HOSTS %j is allowed: %j', (origin, host, names, expected) => {
    const deps = { allowedOrigins, allowedHosts: new Set(names) }

    expect(isOriginAllowed(origin, host, deps)).toBe(expected)
  })

  test('of the deployment itself is allowed', () => {
    const deps = { allowedOrigins, allowedHosts: undefined }

    expect(isOriginAllowed('https://gateway.example', 'gateway.example', deps)).toBe(true)
    expect(isOriginAllowed('https://other.example', 'gateway.example', deps)).toBe(false)
  })
})
