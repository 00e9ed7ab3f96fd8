/** What may be a remote server's URL, and which hosts are private by what is written. */
import { describe, expect, test } from 'vitest'
import { findURLFault, isPrivateHost, withScheme } from '#protocol/remote/url.ts'

describe('a host that is not on the public internet', () => {
  const privates = [
    ...[
      '127.0.0.1',
      '127.1',
      '2130706433',
      '0x7f000001',
      '0x7f.1',
      '017700000001',
      '0',
      '127.0.0.1.',
    ],
    ...['１２７.0.0.1', '10.0.0.1', '172.16.0.1', '192.168.1.1', '100.64.0.1', '169.254.169.254'],
    ...['[::1]', '[::]', '[::ffff:127.0.0.1]', '[::ffff:a00:1]', '[fd00::1]', '[fe80::1]'],
    ...['[64:ff9b::7f00:1]', '[2002:7f00:1::]', '[::127.0.0.1]', '[fd00:ec2::254]'],
    ...['localhost', 'LOCALHOST', 'localhost.', 'a.localhost', 'metadata.google.internal'],
    ...['db.internal.', 'printer.local', 'nas.lan', 'router.home.arpa', 'intranet', 'wiki.corp'],
  ]
  test.each(privates)('%s', (host) => {
    expect(isPrivateHost(new URL(`https://${host}:8443/mcp`))).toBe(true)
    expect(isPrivateHost(new URL(`wss://${host}/mcp`))).toBe(true)
  })

  test.each([
    ...['example.com', 'example.com.', '8.8.8.8', '[2606:4700::1111]', 'localhost.example.com'],
    ...['internal.example.com', '127.0.0.1.nip.io', 'xn--bcher-kva.example'],
  ])('is not %s', (host) => {
    expect(isPrivateHost(new URL(`https://${host}/mcp`))).toBe(false)
  })
})

describe('a URL', () => {
  test.each([
    'https://a.example/mcp?x=1',
    'http://a.example',
    'ws://a.example/',
    'wss://a.example',
  ])('%s is one of a server', (text) => expect(findURLFault(text)).toBeUndefined())

  test.each([
    ['a.example/mcp', 'must be a URL'],
    ['ftp://a.example', 'must begin with https:, http:, wss: or ws:'],
    ['file:///etc/passwd', 'must begin with https:, http:, wss: or ws:'],
    ['https://me:hunter2@a.example', 'has a user or a password: use headers'],
    ['https://token@a.example', 'has a user or a password: use headers'],
    ['https://a.example/#x', 'must not have a #fragment'],
  ])('%s is none, and is not quoted', (text, fault) => {
    expect(findURLFault(text)).toBe(fault)
    expect(fault).not.toContain('hunter2')
  })

  test('is fetched and dialled under the schemes of its security', () => {
    expect(withScheme('wss://a.example:1/x', 'http').href).toBe('https://a.example:1/x')
    expect(withScheme('http://a.example:1/x', 'ws').href).toBe('ws://a.example:1/x')
    expect(withScheme('https://a.example/x', 'http').href).toBe('https://a.example/x')
  })
})
