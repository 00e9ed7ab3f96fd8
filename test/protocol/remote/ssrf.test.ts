/** Which addresses are on the public internet. */
import { describe, expect, test } from 'vitest'
import { classifyAddress } from '#protocol/remote/ssrf.ts'

const TABLE: Record<'public' | 'private' | 'name', string[]> = {
  public: [
    '1.1.1.1',
    '8.8.8.8',
    '9.255.255.255',
    '11.0.0.0',
    '100.63.255.255',
    '100.128.0.0',
    '172.15.255.255',
    '172.32.0.0',
    '192.167.255.255',
    '198.17.255.255',
    '223.255.255.255',
    '2606:4700::1111',
    '[2606:4700::1111]',
    '::ffff:8.8.8.8',
    '64:ff9b::808:808',
    '2002:808:808::1',
  ],
  private: [
    '0.0.0.0',
    '10.1.2.3',
    '100.64.0.1',
    '100.100.100.200',
    '127.0.0.1',
    '127.255.255.254',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.0.0.192',
    '192.168.1.1',
    '198.18.0.1',
    '203.0.113.9',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '[::1]',
    'fe80::1%eth0',
    'fc00::1',
    'fd00:ec2::254',
    'fec0::1',
    'ff02::1',
    '::ffff:127.0.0.1',
    '::ffff:a9fe:a9fe',
    '[::ffff:7f00:1]',
    '::127.0.0.1',
    '64:ff9b::a9fe:a9fe',
    '64:ff9b:1::808:808',
    '2002:7f00:1::1',
    '2001::1',
    '2001:db8::1',
    '3fff::1',
    '0:0:0:0:0:0:0:1',
  ],
  name: [
    'localhost',
    'example.com',
    '1.2.3',
    '1.2.3.256',
    '1::2::3',
    '12345::',
    'a:b',
    '1.2.3.4.5',
    '',
  ],
}

describe('an address', () => {
  for (const [kind, hosts] of Object.entries(TABLE)) {
    test.each(hosts)(`${kind}: %s`, (host) => {
      expect(classifyAddress(host)).toBe(kind === 'name' ? undefined : kind)
    })
  }

  test.each([
    'http://0x7f.1/',
    'http://2130706433/',
    'http://017700000001/',
    'http://[::FFFF:127.0.0.1]/',
  ])('is private however a URL writes it: %s', (url) => {
    expect(classifyAddress(new URL(url).hostname)).toBe('private')
  })
})
