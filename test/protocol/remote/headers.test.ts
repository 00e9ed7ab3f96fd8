/** Which headers a configuration may set, and which ones a request of the modern era has. */
import { describe, expect, test } from 'vitest'
import { findHeaderFault } from '#protocol/remote/headers.ts'
import { encodeHeaderValue, toModernHeaders } from '#protocol/remote/request-headers.ts'
import { RemoteConfig } from '#protocol/server-config.ts'
import { decodeHeaderValue } from '#worker/mcp/header-value.ts'

describe('configured headers', () => {
  const url = 'https://a.example'
  const isValid = (headers: Record<string, string>) => {
    return RemoteConfig.safeParse({ url, headers }).success
  }

  test('may carry credentials of any kind', () => {
    expect(
      isValid({ Authorization: 'Bearer ${secret:KEY}', 'X-Api-Key': 'ü', Cookie: 'a=b' }),
    ).toBe(true)
  })

  test.each(['Host', 'content-length', 'Mcp-Session-Id', 'MCP-Protocol-Version', 'Accept', 'TE'])(
    '%s is the transport’s own',
    (name) => expect(findHeaderFault({ [name]: 'x' })).toContain(name),
  )

  test.each([
    ['a line end', { A: 'x\r\nB: y' }],
    ['a character that no header has', { A: '❄' }],
    ['a name with a space', { 'A B': 'x' }],
    ['a name twice', { A: 'x', a: 'y' }],
    ['more than 32', Object.fromEntries(Array.from({ length: 33 }, (_, n) => [`X-${n}`, '1']))],
    ['a malformed reference', { A: '${secret:key}' }],
  ])('%s is refused', (_name, headers) => expect(isValid(headers)).toBe(false))
})

describe('headers of a modern request', () => {
  const version = '2026-07-28'

  test('repeat method and name', () => {
    const params = { name: 'echo', arguments: { message: 'a' } }
    const request = { method: 'tools/call', params, version, annotations: [] }

    expect(toModernHeaders(request)).toEqual({
      'mcp-protocol-version': version,
      'mcp-method': 'tools/call',
      'mcp-name': 'echo',
    })
  })

  test('repeat the URI of a resource, and no name where there is none', () => {
    const read = { method: 'resources/read', params: { uri: 'a://ü' }, version, annotations: [] }
    const list = { method: 'tools/list', params: {}, version, annotations: [] }

    expect(decodeHeaderValue(toModernHeaders(read)['mcp-name'] ?? '')).toBe('a://ü')
    expect(toModernHeaders(list)).not.toHaveProperty('mcp-name')
  })

  test('repeat the arguments that the tool marks, where the call has them', () => {
    const annotations = [
      { path: ['region'], name: 'Region', type: 'string' as const },
      { path: ['where', 'zone'], name: 'Zone', type: 'integer' as const },
      { path: ['dry'], name: 'Dry', type: 'boolean' as const },
      { path: ['gone'], name: 'Gone', type: 'string' as const },
    ]
    const args = { region: 'eu', where: { zone: 3 }, dry: false }
    const params = { name: 't', arguments: args }

    expect(toModernHeaders({ method: 'tools/call', params, version, annotations })).toMatchObject({
      'mcp-param-region': 'eu',
      'mcp-param-zone': '3',
      'mcp-param-dry': 'false',
    })
  })

  test.each(['plain', 'two words', ' edge ', 'ü❄', 'line\nend', '=?base64?YQ==?=', 'tab\tbed'])(
    'carry %j so that it is read back',
    (text) => {
      const encoded = encodeHeaderValue(text)

      expect(decodeHeaderValue(encoded)).toBe(text)
      expect(encoded).toMatch(/^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/)
    },
  )
})
