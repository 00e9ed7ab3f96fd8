/** The parts of an import that decide: paths, comments, forms, credentials. */
import { describe, expect, test } from 'vitest'
import { clientFiles, CLIENTS, type Machine } from '#cli/import/client-files.ts'
import {
  extractCredentials,
  findInArguments,
  looksLikeCredential,
} from '#cli/import/credentials.ts'
import { toPlainJSON } from '#cli/config/plain-json.ts'
import { listServers } from '#cli/config/server-list.ts'
import { cpuMs } from '#test/support/cpu-time.ts'

describe('the files of clients', () => {
  const machines: Record<string, Machine> = {
    linux: { platform: 'linux', home: '/home/a', environment: {} },
    xdg: { platform: 'linux', home: '/home/a', environment: { XDG_CONFIG_HOME: '/x' } },
    macos: { platform: 'darwin', home: '/Users/a', environment: { XDG_CONFIG_HOME: '' } },
    windows: {
      platform: 'win32',
      home: 'C:\\Users\\a',
      environment: { APPDATA: 'C:\\Users\\a\\AppData\\Roaming' },
    },
  }

  test.each([
    [
      'linux',
      [
        '/home/a/.config/Claude/claude_desktop_config.json',
        '/home/a/.claude.json',
        '/home/a/.cursor/mcp.json',
        '/home/a/.config/Code/User/mcp.json',
        '/home/a/.config/Code/User/settings.json',
        '/home/a/.codeium/windsurf/mcp_config.json',
        '/home/a/.config/zed/settings.json',
      ],
    ],
    [
      'xdg',
      ['/x/Claude/claude_desktop_config.json', '/x/Code/User/mcp.json', '/x/zed/settings.json'],
    ],
    [
      'macos',
      [
        '/Users/a/Library/Application Support/Claude/claude_desktop_config.json',
        '/Users/a/Library/Application Support/Code/User/mcp.json',
        '/Users/a/.config/zed/settings.json',
      ],
    ],
    [
      'windows',
      [
        'C:\\Users\\a\\AppData\\Roaming\\Claude\\claude_desktop_config.json',
        'C:\\Users\\a\\.claude.json',
        'C:\\Users\\a\\AppData\\Roaming\\Code\\User\\mcp.json',
        'C:\\Users\\a\\.codeium\\windsurf\\mcp_config.json',
        'C:\\Users\\a\\AppData\\Roaming\\Zed\\settings.json',
      ],
    ],
  ])('on %s', (system, expected) => {
    const machine = machines[system] as Machine
    const all = CLIENTS.flatMap((client) => clientFiles(client, machine))

    expect(all).toEqual(expect.arrayContaining(expected))
  })
})

describe('JSON with comments', () => {
  test.each([
    ['{"a": 1} // end', { a: 1 }],
    ['/* a */ {"a": /* b */ 1}', { a: 1 }],
    ['{"a": [1, 2, ], "b": {"c": 1, // last\n },}', { a: [1, 2], b: { c: 1 } }],
    [
      '{"url": "https://a/b", "x": "/* no */ // no", "c": ",]"}',
      { url: 'https://a/b', x: '/* no */ // no', c: ',]' },
    ],
    ['{"quote": "\\" // in", "back": "\\\\"} // "', { quote: '" // in', back: '\\' }],
    ['\uFEFF{"a": 1}', { a: 1 }],
    ['{\r\n// line\r\n"a": 1\r\n}', { a: 1 }],
  ])('%s', (text, value) => {
    expect(JSON.parse(toPlainJSON(text))).toEqual(value)
  })

  test.each(['{"a": 1', '{"a": "never ends', '/* never ends', '{"a" 1}', ',', ''])(
    'that is none stays none: %s',
    (text) => {
      expect(() => JSON.parse(toPlainJSON(text))).toThrow()
    },
  )

  test('is read in time that grows with its length alone', () => {
    const text = `{"a": [${'1, // x\n'.repeat(50_000)}2]}`
    const begun = cpuMs()
    expect(JSON.parse(toPlainJSON(text)).a).toHaveLength(50_001)
    expect(cpuMs() - begun).toBeLessThan(2_000)
  })
})

const readServers = (file: unknown, cwd: string) => {
  const { servers } = listServers(file, { folder: cwd, workspace: cwd, cwd, variables: {} })
  return servers.map(({ name, formerName, raw, asks }) => ({
    name,
    ...(formerName !== undefined && { formerName }),
    raw,
    asks,
  }))
}

describe('the forms of files', () => {
  const stdio = { command: 'node', args: ['x'] }

  test.each([
    ['mcpServers', { mcpServers: { a: { ...stdio, type: 'stdio', alwaysAllow: [] } } }],
    ['servers of VS Code', { servers: { a: { ...stdio, type: 'stdio' } }, inputs: [] }],
    ['mcp.servers of VS Code', { mcp: { servers: { a: { ...stdio, type: 'stdio' } } } }],
  ])('%s', (_form, file) => {
    expect(readServers(file, '/w')).toEqual([
      { name: 'a', raw: { ...stdio, type: 'stdio' }, asks: [] },
    ])
  })

  test('context_servers of Zed, in both of its forms', () => {
    const file = {
      context_servers: {
        flat: { source: 'custom', enabled: false, ...stdio, env: { A: '1' } },
        nested: { command: { path: 'node', args: ['x'], env: { A: '1' } }, settings: {} },
        remote: { url: 'https://a.example/mcp', headers: { 'X-Key': 'k' } },
      },
    }

    expect(readServers(file, '/w').map(({ raw }) => raw)).toEqual([
      { enabled: false, ...stdio, env: { A: '1' } },
      { ...stdio, env: { A: '1' } },
      { url: 'https://a.example/mcp', headers: { 'X-Key': 'k' } },
    ])
  })

  test('servers that Claude Code keeps for a folder go before those for all', () => {
    const file = {
      mcpServers: { both: { command: 'all' }, all: { command: 'all' } },
      projects: {
        '/w': { mcpServers: { both: { command: 'folder' } } },
        '/other': { mcpServers: { other: { command: 'other' } } },
      },
    }

    expect(readServers(file, '/w').map(({ name, raw }) => [name, raw.command])).toEqual([
      ['both', 'folder'],
      ['all', 'all'],
    ])
  })

  test('names become such as can stand in a URL, variables and questions such as are filled in here', () => {
    const env = { A: '${env:HOME}', B: '${input:api-key}', C: '${userHome}/x', D: '${PLAIN:-d}' }
    const file = {
      servers: { 'My Server (2)': { command: 'node', env }, 東京: stdio, Café: stdio },
    }

    expect(readServers(file, '/w')).toEqual([
      {
        name: 'My-Server-2',
        formerName: 'My Server (2)',
        raw: {
          command: 'node',
          env: { A: '${HOME}', B: '${secret:API_KEY}', C: '${HOME}/x', D: '${PLAIN:-d}' },
        },
        asks: ['API_KEY'],
      },
      { name: 'server-130016b2', formerName: '東京', raw: stdio, asks: [] },
      { name: 'Cafe', formerName: 'Café', raw: stdio, asks: [] },
    ])
  })

  test.each([[], 'text', null, {}, { mcpServers: [] }, { mcp: { servers: 1 } }])(
    'what is no such file holds none: %j',
    (file) => {
      expect(readServers(file, '/w')).toEqual([])
    },
  )
})

describe('credentials', () => {
  test.each([
    ['GITHUB_PERSONAL_ACCESS_TOKEN', 'abc'],
    ['OPENAI_API_KEY', 'anything'],
    ['api-key', 'anything'],
    ['DB_PASSWORD', 'hunter2'],
    ['Authorization', 'Bearer abcdef'],
    ['OTHER', 'ghp_0123456789abcdefghijABCDEFGHIJ012345'],
    ['OTHER', 'sk-proj-0123'],
    ['OTHER', 'AKIAIOSFODNN7EXAMPLE'],
    ['OTHER', 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln'],
    ['OTHER', '-----BEGIN RSA PRIVATE KEY-----\nx'],
    ['DATABASE_URL', 'postgres://user:pass@db/x'],
  ])('%s=%s looks like one', (name, value) => {
    expect(looksLikeCredential(name, value)).toBe(true)
  })

  test.each([
    ['PATH', '/usr/bin'],
    ['NODE_ENV', 'production'],
    ['GOOGLE_APPLICATION_CREDENTIALS', '/home/a/key.json'],
    ['USE_TOKEN', 'true'],
    ['MAX_TOKENS', '4096'],
    ['AUTH_URL', 'https://auth.example/login'],
    ['GITHUB_TOKEN', '${GITHUB_TOKEN}'],
    ['GITHUB_TOKEN', '${secret:GITHUB_TOKEN}'],
    ['DATABASE_URL', 'postgres://db/x'],
    ['MONKEY', 'banana'],
    ['KEYBOARD', 'de'],
    ['EMPTY_TOKEN', ''],
  ])('%s=%s does not', (name, value) => {
    expect(looksLikeCredential(name, value)).toBe(false)
  })

  test('become references, under names of their own where others have the same', () => {
    const taken = new Map<string, string | undefined>([['STORED_TOKEN', undefined]])
    const extract = (
      server: string,
      env: Record<string, string>,
      headers?: Record<string, string>,
    ) => extractCredentials(server, { env, headers }, { taken })

    const one = extract('one', { API_TOKEN: 'a', MODE: 'x' }, { Authorization: 'Bearer h1' })
    const same = extract('same', { API_TOKEN: 'a' })
    const other = extract('other', { API_TOKEN: 'b' }, { Authorization: 'Bearer h2' })
    const stored = extract('stored', { STORED_TOKEN: 'c' })

    expect(one.env).toEqual({ API_TOKEN: '${secret:API_TOKEN}', MODE: 'x' })
    expect(one.headers).toEqual({ Authorization: 'Bearer ${secret:ONE_AUTHORIZATION}' })
    expect(same.env).toEqual({ API_TOKEN: '${secret:API_TOKEN}' })
    expect(other.env).toEqual({ API_TOKEN: '${secret:OTHER_API_TOKEN}' })
    expect(other.headers).toEqual({ Authorization: 'Bearer ${secret:OTHER_AUTHORIZATION}' })
    expect(stored.env).toEqual({ STORED_TOKEN: '${secret:STORED_STORED_TOKEN}' })
    expect(one.credentials).toEqual([
      { server: 'one', at: 'env.API_TOKEN', name: 'API_TOKEN', value: 'a' },
      { server: 'one', at: 'headers.Authorization', name: 'ONE_AUTHORIZATION', value: 'h1' },
    ])
  })

  test.each([
    [['--api-key', 'abc'], ['--api-key']],
    [['--token=abc'], ['--token']],
    [['--token=${secret:T}', '--token', '${T}'], []],
    [['--key-file', '/etc/key'], []],
    [['postgres://u:p@db/x'], ['argument 1']],
    [['-y', 'server', '--verbose'], []],
  ])('in arguments %j are told of', (args, expected) => {
    expect(findInArguments(args)).toEqual(expected)
  })
})
