/** Remote servers of a configuration file, as desktop clients write them. */
import { describe, expect, test } from 'vitest'
import { parseConfig } from '#cli/config-file.ts'
import { Failure } from '#cli/failure.ts'
import { findMissingCommands } from '#cli/config/missing-command.ts'
import { findVisibleSecrets } from '#cli/config/visible-secrets.ts'

const SOURCE = { path: '/home/me/mcp.json', dataFolder: '/data', environment: { TOKEN: 'hunter2' } }
const URL = 'https://example.com/mcp'

const parse = (server: object) => {
  return parseConfig(JSON.stringify({ mcpServers: { a: server } }), SOURCE).servers
}

function messageOf(server: object): string {
  try {
    parse(server)
  } catch (error) {
    if (error instanceof Failure) return error.message.replace(`${SOURCE.path}: `, '')
    throw error
  }
  throw new Error('the file was accepted')
}

describe('what a file may say of a remote server', () => {
  test.each<[string, object, object]>([
    [
      'a URL alone',
      { url: URL },
      { url: URL, transport: 'http', via: 'edge', allowPrivate: false },
    ],
    ['serverUrl', { serverUrl: URL }, { url: URL, transport: 'http' }],
    ['httpUrl', { httpUrl: URL }, { url: URL, transport: 'http' }],
    ['type http', { type: 'http', url: URL }, { transport: 'http' }],
    ['type streamable-http', { type: 'streamable-http', url: URL }, { transport: 'http' }],
    ['type streamableHttp', { type: 'streamableHttp', url: URL }, { transport: 'http' }],
    ['type sse', { type: 'sse', url: URL }, { transport: 'sse' }],
    ['type ws', { type: 'ws', url: URL }, { transport: 'websocket' }],
    ['transport websocket', { transport: 'websocket', url: URL }, { transport: 'websocket' }],
    ['a path of HTTP+SSE', { url: 'https://example.com/v1/sse?key=1' }, { transport: 'sse' }],
    [
      'a path of HTTP+SSE, named otherwise',
      { type: 'http', url: 'https://example.com/sse' },
      { transport: 'http' },
    ],
    ['a path that begins so', { url: 'https://example.com/sse/mcp' }, { transport: 'http' }],
    ['a wss URL', { url: 'wss://example.com' }, { transport: 'websocket' }],
    ['disabled', { url: URL, disabled: true }, { enabled: false }],
    ['via the host', { url: URL, via: 'host' }, { via: 'host' }],
    ['a private address that is meant', { url: 'http://localhost:1/', allowPrivate: true }, {}],
    ['keys of other clients', { url: URL, alwaysAllow: [], description: 'd' }, { url: URL }],
    [
      'variables and secrets',
      { url: 'https://${HOST:-example.com}/mcp', headers: { A: '${TOKEN}', B: '${secret:KEY}' } },
      { url: URL, headers: { A: 'hunter2', B: '${secret:KEY}' } },
    ],
  ])('%s', (_name, server, becomes) => {
    const { a } = parse(server)

    expect(a).toMatchObject(becomes)
    for (const key of [
      'command',
      'cwd',
      'type',
      'serverUrl',
      'httpUrl',
      'disabled',
      'alwaysAllow',
    ]) {
      expect(a).not.toHaveProperty(key)
    }
  })

  test('it has no command to be missing, and no argument that others see', () => {
    const servers = parse({ url: URL, headers: { A: '${secret:KEY}' } })

    expect(findMissingCommands(servers, {})).toEqual([])
    expect(findVisibleSecrets(servers)).toEqual([])
  })
})

test.each([
  [{ url: URL, command: 'x' }, 'mcpServers.a: has a "command" and a URL: remove one of them'],
  [{ type: 'http' }, 'mcpServers.a: must have one "url"'],
  [{ url: URL, serverUrl: URL }, 'mcpServers.a: must have one "url"'],
  [
    { url: 'ftp://example.com' },
    'mcpServers.a.url: must begin with https:, http:, wss: or ws:; got a string of 17 characters',
  ],
  [
    { url: 'https://${TOKEN}@example.com' },
    'mcpServers.a.url: has a user or a password: use headers; got a string of 28 characters',
  ],
  [
    { url: 'https://example.com/${secret:KEY}' },
    'mcpServers.a.url: takes no secret: put the reference into headers; got a string of 33 characters',
  ],
  [
    { url: 'http://127.0.0.1:3000/mcp' },
    'mcpServers.a.url: 127.0.0.1 is not on the public internet: set "allowPrivate": true if that is meant',
  ],
  [
    { url: URL, headers: { Host: 'x' } },
    'mcpServers.a.headers: Host is written by the gateway itself; got an object',
  ],
  [
    { url: URL, headers: { 'A B': 'x' } },
    'mcpServers.a.headers.A B: must be the name of a header; got a string of 1 characters',
  ],
  [{ url: URL, header: {} }, 'mcpServers.a: unknown key "header"; did you mean headers?'],
  [
    { url: URL, headers: { A: '${vault:key}' } },
    'mcpServers.a.headers.A: nothing fills in ${vault:…}: write ${NAME} for a variable of the ' +
      'environment, ${secret:NAME} or ${principal:NAME} for a secret',
  ],
])('%j is refused, and none of its values is shown', (server, says) => {
  expect(messageOf(server)).toBe(says)
  expect(messageOf(server)).not.toContain('hunter2')
})
