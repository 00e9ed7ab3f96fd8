import { describe, expect, test } from 'vitest'
import { readAllowedOrigin } from '#protocol/allowed-origins.ts'
import { isHostAllowed, isOriginAllowed } from '#worker/mcp/origin.ts'

const allowedOrigins = new Set(['https://app.example', 'http://127.0.0.1:*'])

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

test.each([
  ['https://app.example', 'https://app.example'],
  ['HTTPS://App.Example:443/', 'https://app.example'],
  ['http://localhost:*', 'http://localhost:*'],
  ['http://[::1]:*', 'http://[::1]:*'],
  ['chrome-extension://abcdef', 'chrome-extension://abcdef'],
  ['https://*.example', undefined],
  ['https://app.example:*', undefined],
  ['https://app.example/page', undefined],
  ['app.example', undefined],
  ['*', undefined],
  ['null', undefined],
])('%j may be allowed as %j', (text, expected) => {
  expect(readAllowedOrigin(text)).toBe(expected)
})

describe('an origin', () => {
  test.each([
    ['http://localhost:8787', 'localhost:8787', [], true],
    ['http://localhost:3000', 'localhost:8787', [], false],
    ['http://evil.example', 'localhost:8787', [], false],
    ['null', 'localhost:8787', [], false],
    ['https://app.example', 'localhost:8787', [], true],
    ['https://APP.example', 'localhost:8787', [], true],
    ['http://127.0.0.1:5173', 'gateway.lan', [], true],
    ['http://127.0.0.1', 'gateway.lan', [], true],
    ['https://127.0.0.1:5173', 'gateway.lan', [], false],
    ['http://127.0.0.1:5173.evil.example', 'gateway.lan', [], false],
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
