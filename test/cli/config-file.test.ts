import { describe, expect, test } from 'vitest'
import { parseConfig } from '#cli/config-file.ts'
import { toNoteLines } from '#cli/config/note-lines.ts'
import { Failure } from '#cli/failure.ts'
import { DEFAULT_CATALOG } from '#protocol/catalog.ts'
import { DEFAULT_RESILIENCE } from '#protocol/resilience.ts'

const SOURCE = {
  path: '/home/me/mcp.json',
  dataFolder: '/data',
  environment: { REGION: 'eu', EMPTY: '', SECRET: 'hunter2' },
}

const parse = (file: unknown) =>
  parseConfig(typeof file === 'string' ? file : JSON.stringify(file), SOURCE).servers
const parseOne = (server: unknown) => parse({ mcpServers: { a: server } }).a

const DEFAULTS = {
  args: [],
  env: {},
  cwd: '/home/me',
  enabled: true,
  timeoutMs: { call: 60_000, start: 60_000, total: 3_600_000 },
  sharing: 'session',
  placement: 'main',
  idleTimeoutMs: 600_000,
  maxLifetimeMs: 86_400_000,
  maxProcesses: 64,
  roots: false,
  requiredScopes: [],
  catalog: { isListed: true },
  limits: [],
  transform: [],
  resilience: DEFAULT_RESILIENCE,
}

describe('what a file may say', () => {
  const accepted: { name: string; server: object; becomes: object }[] = [
    { name: 'a command alone', server: { command: 'x' }, becomes: { command: 'x' } },
    {
      name: 'a relative folder starts at the file',
      server: { command: 'x', cwd: 'sub' },
      becomes: { command: 'x', cwd: '/home/me/sub' },
    },
    {
      name: 'an absolute folder stays',
      server: { command: 'x', cwd: '/srv' },
      becomes: { command: 'x', cwd: '/srv' },
    },
    {
      name: 'variables in command, args, env and cwd',
      server: {
        command: '${REGION}',
        args: ['-${REGION}-'],
        env: { A: '${SECRET}' },
        cwd: '/${REGION}',
      },
      becomes: { command: 'eu', args: ['-eu-'], env: { A: 'hunter2' }, cwd: '/eu' },
    },
    {
      name: 'a default for a variable that is unset or empty',
      server: { command: 'x', args: ['${NONE:-a}', '${EMPTY:-b}', '${REGION:-c}', '${NONE:-}'] },
      becomes: { command: 'x', args: ['a', 'b', 'eu', ''] },
    },
    {
      name: 'a variable that is set but empty',
      server: { command: 'x', args: ['${EMPTY}'] },
      becomes: { command: 'x', args: [''] },
    },
    {
      name: 'the data folder as a variable',
      server: { command: 'x', args: ['${HEARTH_DATA}/m'] },
      becomes: { command: 'x', args: ['/data/m'] },
    },
    {
      name: 'a dollar sign that names no variable',
      server: { command: 'x', args: ['$HOME', '${#a}', '$$'] },
      becomes: { command: 'x', args: ['$HOME', '${#a}', '$$'] },
    },
    {
      name: 'references to secrets, which stay for the gateway, and forms of a shell',
      server: {
        command: 'x',
        args: ['--key=${secret:KEY}', '${X:0:3}', '${X:+y}', '${X:=z}'],
        env: { A: '${REGION}:${principal:A_1}' },
      },
      becomes: {
        command: 'x',
        args: ['--key=${secret:KEY}', '${X:0:3}', '${X:+y}', '${X:=z}'],
        env: { A: 'eu:${principal:A_1}' },
      },
    },
    {
      name: "a variable of the server's own env, before one of the environment",
      server: { command: 'x', args: ['${OWN}-${REGION}'], env: { OWN: 'mine', REGION: '${OWN}!' } },
      becomes: { command: 'x', args: ['mine-mine!'], env: { OWN: 'mine', REGION: 'mine!' } },
    },
    {
      name: 'a variable of env that is made of the one around it',
      server: { command: 'x', env: { REGION: '${REGION}-west' } },
      becomes: { command: 'x', env: { REGION: 'eu-west' } },
    },
    {
      name: 'what mcp-remote fills in itself, which the process list would show',
      server: {
        command: 'npx',
        args: [
          'mcp-remote',
          'https://e.com',
          '--header',
          'Authorization:${AUTH_HEADER}',
          '${REGION}',
        ],
        env: { AUTH_HEADER: 'Bearer hunter2' },
      },
      becomes: {
        command: 'npx',
        args: ['mcp-remote', 'https://e.com', '--header', 'Authorization:${AUTH_HEADER}', 'eu'],
        env: { AUTH_HEADER: 'Bearer hunter2' },
      },
    },
    {
      name: 'numbers, booleans and null in env',
      server: { command: 'x', args: [7], env: { A: 1, B: true, C: null, D: '' } },
      becomes: { command: 'x', args: ['7'], env: { A: '1', B: 'true', D: '' } },
    },
    {
      name: 'seconds and milliseconds of other clients',
      server: { command: 'x', timeout: 30, initTimeout: 5_000 },
      becomes: { command: 'x', timeoutMs: { call: 30_000, start: 5_000, total: 3_600_000 } },
    },
    {
      name: 'the command as a list',
      server: { type: 'local', command: ['x', '-y'], environment: { A: '{env:REGION}' } },
      becomes: { command: 'x', args: ['-y'], env: { A: 'eu' } },
    },
    {
      name: 'lists of tools, which hold everywhere',
      server: { command: 'x', includeTools: ['a', 'b(c)'], excludeTools: ['d'] },
      becomes: {
        command: 'x',
        catalog: {
          isListed: true,
          tools: { allow: ['a', 'b'], deny: ['d'], everywhere: true, overrides: {} },
        },
      },
    },
    {
      name: 'an empty list of tools that are allowed: none',
      server: { command: 'x', includeTools: [], disabledTools: [] },
      becomes: {
        command: 'x',
        catalog: { isListed: true, tools: { allow: [], everywhere: true, overrides: {} } },
      },
    },
    {
      name: 'tools that are switched off one by one',
      server: {
        command: 'x',
        tools: { rm: false, ls: true, mv: { enabled: false }, cp: { approval_mode: 'approve' } },
      },
      becomes: {
        command: 'x',
        catalog: {
          isListed: true,
          tools: { deny: ['rm', 'mv'], everywhere: true, overrides: {} },
        },
      },
    },
    {
      name: 'isActive: false, as a client writes enabled: false',
      server: { command: 'x', isActive: false },
      becomes: { command: 'x', enabled: false },
    },
    {
      name: 'keys that every object of the engine has',
      server: { command: 'x', constructor: 1, toString: 'x', env: { constructor: 'y' } },
      becomes: { command: 'x', env: { constructor: 'y' } },
    },
    {
      name: 'keys of other clients',
      server: {
        command: 'x',
        type: 'stdio',
        alwaysAllow: ['t'],
        autoApprove: [],
        description: 'd',
      },
      becomes: { command: 'x' },
    },
    {
      name: 'disabled',
      server: { command: 'x', disabled: true },
      becomes: { command: 'x', enabled: false },
    },
    {
      name: 'disabled: false leaves enabled as it is',
      server: { command: 'x', disabled: false, enabled: false },
      becomes: { command: 'x', enabled: false },
    },
    {
      name: 'a number for timeoutMs bounds calls',
      server: { command: 'x', timeoutMs: 5000 },
      becomes: { command: 'x', timeoutMs: { call: 5000, start: 60_000, total: 3_600_000 } },
    },
  ]
  test.each(accepted)('$name', ({ server, becomes }) => {
    expect(parseOne(server)).toEqual({ ...DEFAULTS, ...becomes })
  })

  test('two lists of tools that are allowed are not made one: that would allow more', () => {
    const server = { command: 'x', includeTools: ['a', 'b'], enabledTools: ['b', 'c'] }

    expect(() => parseOne(server)).toThrow('has two lists of tools that are allowed')
  })

  test('the list form names the same servers', () => {
    const list = parse({
      servers: [
        { name: 'a', command: 'x' },
        { name: 'b', command: 'y' },
      ],
    })

    expect(list).toEqual(parse({ mcpServers: { a: { command: 'x' }, b: { command: 'y' } } }))
  })

  test.each([
    ['servers by name alone', { a: { command: 'x' }, version: 1 }],
    ['mcp of opencode', { mcp: { a: { type: 'local', command: ['x'] } } }],
    [
      'servers that Gemini CLI allows',
      { mcp: { allowed: ['a'] }, mcpServers: { a: { command: 'x' } } },
    ],
  ])('%s', (_form, file) => {
    expect(parse(file).a).toMatchObject({ command: 'x', enabled: true })
  })

  test.each([
    ['excluded by Gemini CLI', { mcp: { excluded: ['a'] } }],
    ['not among those that it allows', { mcp: { allowed: ['b'] } }],
    [
      'switched off for a folder by Claude Code',
      { projects: { [process.cwd()]: { disabledMcpServers: ['a'] } } },
    ],
  ])('a server that is %s stays off', (_name, more) => {
    const read = parseConfig(
      JSON.stringify({ mcpServers: { a: { command: 'x' } }, ...more }),
      SOURCE,
    )

    expect(read.servers.a?.enabled).toBe(false)
    expect(toNoteLines(read.noted)).toEqual(['server "a": switched off in the file'])
  })

  test('one server with a problem is left out, and the others are there', () => {
    const mcpServers = { good: { command: 'x' }, bad: { command: 'x', args: 'y' } }
    const { servers, refused } = parseConfig(JSON.stringify({ mcpServers }), SOURCE)

    expect(Object.keys(servers)).toEqual(['good'])
    expect(refused).toEqual([
      {
        name: 'bad',
        problems: ['mcpServers.bad.args: must be a list of strings; got a string of 1 characters'],
      },
    ])
  })

  test('a route may name a server that is left out: it is off, and the route stays', () => {
    const mcpServers = { good: { command: 'x' }, bad: { command: 'x', args: 'y' } }
    const routes = [{ name: 'r', match: { tools: ['good__*'] }, servers: ['bad', 'good'] }]
    const read = parseConfig(JSON.stringify({ mcpServers, hearth: { routes } }), SOURCE)

    expect(read.refused.map(({ name }) => name)).toEqual(['bad'])
    expect(read.servers.bad?.enabled).toBe(false)
    expect(read.settings.routes[0]?.servers.map(({ server }) => server)).toEqual(['bad', 'good'])
  })

  test('tools that opencode takes away are taken away', () => {
    const file = {
      mcp: { a: { type: 'local', command: ['x'] } },
      tools: { 'a_delete*': false, a_b: true, '*write*': false },
    }

    expect(parse(file).a?.catalog.tools).toMatchObject({
      ...{ deny: ['delete*', '*write*'], everywhere: true },
    })
  })

  test.each([
    [
      'beside the servers, and for this folder',
      {
        disabledMcpServers: ['a'],
        projects: { [process.cwd()]: { disabledMcpServers: ['b'] } },
        mcp: { excluded: ['c'] },
      },
    ],
    ['as those that are left', { allowMCPServers: ['d'] }],
  ])('servers that are switched off %s are all off', (_, lists) => {
    const server = { command: 'x' }
    const servers = parse({ mcpServers: { a: server, b: server, c: server, d: server }, ...lists })
    const on = Object.keys(servers).filter((name) => servers[name]?.enabled === true)
    expect(on).toEqual(['d'])
  })

  test('a key that every object of the engine has is named as it stands in the file', () => {
    const file = { mcpServers: { a: { command: 'x', constructor: 1 } } }
    const { noted } = parseConfig(JSON.stringify(file), SOURCE)
    expect(toNoteLines(noted)).toEqual(['server "a": ignored constructor'])
  })

  test('what is the same for several servers is one line that names them', () => {
    const same = { command: 'x', timeout: 60, autoApprove: ['a'], description: 'd' }
    const file = { mcpServers: { a: same, b: { ...same, disabledTools: ['t'] }, c: same } }
    const { noted } = parseConfig(JSON.stringify(file), SOURCE)
    expect(toNoteLines(noted)).toEqual([
      'servers "a", "b", "c": read timeout 60 as seconds: a call may take 60 s; ignored autoApprove, description',
      'server "b": kept disabledTools: t',
    ])
  })

  test('of two servers with one name the first is there, and that is said', () => {
    const list = [
      { name: 'a', command: 'x' },
      { name: 'a', command: 'y' },
    ]
    const { servers, notes } = parseConfig(JSON.stringify({ servers: list }), SOURCE)

    expect(servers.a).toMatchObject({ command: 'x' })
    expect(notes).toEqual(['servers[1]: left out; servers[0] has the same name'])
  })

  test('names that cannot stand in a URL become such, the same ones each time, and each its own', () => {
    const names = ['My Server', 'My-Server', 'my/server', '東京', '大阪', 'Café']
    const file = { mcpServers: Object.fromEntries(names.map((name) => [name, { command: 'x' }])) }

    expect(Object.keys(parse(file))).toEqual([
      ...[
        'My-Server-c2d9a82f',
        'My-Server',
        'my-server',
        'server-130016b2',
        'server-6df97746',
        'Cafe',
      ],
    ])
  })

  test.each([
    ['in itself', '/x/a.yaml', 'mcpServers:\n  a: &a\n    command: x\n    env: *a\n'],
    [
      'deeply',
      '/x/a.json',
      `{"mcpServers":{"a":{"env":${'['.repeat(50_000)}${']'.repeat(50_000)}}}}`,
    ],
  ])('a value that is nested %s is refused', (_, path, text) => {
    expect(() => parseConfig(text, { ...SOURCE, path })).toThrow(Failure)
  })

  test('other settings beside mcpServers and a byte order mark are no fault', () => {
    expect(parse('\uFEFF{"theme": "dark", "mcpServers": {}}')).toEqual({})
  })
})

describe('what is wrong is one line with the path, the value and the mend', () => {
  const one = (server: unknown) => ({ mcpServers: { a: server } })
  const rejected: { name: string; file: unknown; says: string }[] = [
    {
      name: 'a missing variable',
      file: one({ command: 'x', env: { KEY: '${NOPE}' } }),
      says: 'mcpServers.a.env.KEY: the variable NOPE is not set: set it, or write ${NOPE:-default}',
    },
    {
      name: 'a wrong type',
      file: one({ command: 'x', args: '--flag' }),
      says: 'mcpServers.a.args: must be a list of strings; got "--flag"',
    },
    {
      name: 'a missing command',
      file: one({}),
      says: 'mcpServers.a.command: must be a string; got nothing',
    },
    {
      name: 'a number out of bounds',
      file: one({ command: 'x', warm: 99 }),
      says: 'mcpServers.a.warm: must be at most 16; got 99',
    },
    {
      name: 'a value of a closed set',
      file: one({ command: 'x', sharing: 'always' }),
      says: 'mcpServers.a.sharing: must be "session" or "pool" or "shared"; got "always"',
    },
    {
      name: 'a timeout as text',
      file: one({ command: 'x', timeoutMs: '60s' }),
      says: 'mcpServers.a.timeoutMs: must be a whole number from 1 to 86400000 or {"call": …, "start": …, "total": …}; got "60s"',
    },
    {
      name: 'a misspelt key',
      file: one({ command: 'x', idle_timeout: 1 }),
      says: 'mcpServers.a: unknown key "idle_timeout"; did you mean idleTimeoutMs?',
    },
    {
      name: 'a reference of another program',
      file: one({ command: 'x', env: { A: '${vault:SECRET}' } }),
      says:
        'mcpServers.a.env.A: nothing fills in ${vault:…}: write ${NAME} for a variable of the ' +
        'environment, ${secret:NAME} or ${principal:NAME} for a secret',
    },
    {
      name: 'a reference that names no secret',
      file: one({ command: 'x', args: ['${secret:key}'] }),
      says:
        'mcpServers.a.args[0]: a reference to a secret is ${secret:NAME} or ${principal:NAME}, ' +
        'NAME of A-Z, 0-9 and _; got "${secret:key}"',
    },
    {
      name: 'a secret as the command',
      file: one({ command: '${secret:KEY}' }),
      says:
        'mcpServers.a.command: takes no secret: put the reference into args or env; ' +
        'got "${secret:KEY}"',
    },
    {
      name: 'a list entry without a name',
      file: { servers: [{ command: 'x' }] },
      says: 'servers[0].name: must be a string: every server of the list form has a name',
    },
    {
      name: 'a misspelt top level',
      file: { mcpServer: {} },
      says: 'unknown key "mcpServer"; did you mean mcpServers?',
    },
    {
      name: 'no servers at all',
      file: { theme: 'dark' },
      says: 'has no "mcpServers": write {"mcpServers": {"name": {"command": "…"}}}',
    },
    {
      name: 'limits in the place of a configuration',
      file: { limits: [], shards: 1 },
      says: 'has no "mcpServers": looks like limits: hearth limits set FILE reads it',
    },
    {
      name: 'a package.json',
      file: { name: 'x', dependencies: {} },
      says: 'has no "mcpServers": looks like a package.json',
    },
    {
      name: 'a key that may restrict a server',
      file: one({ command: 'x', blockedHosts: ['a'] }),
      says:
        'mcpServers.a.blockedHosts: may restrict what this server does, and Hearth cannot do that: ' +
        'remove the key to serve it without',
    },
    {
      name: 'an envFile that is not there',
      file: one({ command: 'x', envFile: 'none.env' }),
      says: 'mcpServers.a.envFile: cannot read /home/me/none.env: no such file',
    },
    {
      name: 'text that is no JSON',
      file: '{\n  // mine\n  "a": 1 "b"\n}',
      says: 'not valid JSON at line 3 column 10; look for a missing quote, comma or bracket',
    },
    {
      name: 'text that ends too early',
      file: '{ "mcpServers": { "a": ',
      says: 'not valid JSON at its end; look for a missing quote, comma or bracket',
    },
  ]
  test.each(rejected)('$name', ({ file, says }) => {
    expect(messageOf(file)).toBe(`/home/me/mcp.json: ${says}`)
  })

  test('every problem of a file is told at once', () => {
    expect(messageOf(one({ command: '', warm: -1 })).split('\n')).toHaveLength(2)
  })

  const leaky: { name: string; file: unknown }[] = [
    {
      name: 'an env value of a wrong type',
      file: one({ command: 'x', env: { A: { b: 'hunter2' } } }),
    },
    {
      name: 'an env value under a bad name',
      file: one({ command: 'x', env: { '1A': 'hunter2' } }),
    },
    { name: 'an interpolated value', file: one({ command: 'x', args: ['${SECRET}', {}] }) },
    { name: 'a file cut off in a value', file: '{"mcpServers":{"a":{"env":{"A":"hunter2' },
  ]
  test.each(leaky)('no secret is shown for $name', ({ file }) => {
    expect(messageOf(file)).not.toContain('hunter2')
  })
})

function messageOf(file: unknown): string {
  try {
    const text = typeof file === 'string' ? file : JSON.stringify(file)
    const { refused } = parseConfig(text, SOURCE)
    if (refused.length > 0) return refused.flatMap(({ problems }) => problems).join('\n')
  } catch (error) {
    if (error instanceof Failure) return error.message
    throw error
  }
  throw new Error('the file was accepted')
}

describe('settings of the tenant', () => {
  const settingsOf = (hearth: unknown) => {
    const file = { mcpServers: { a: { command: 'x' }, b: { command: 'y' } }, hearth }
    return parseConfig(JSON.stringify(file), SOURCE).settings
  }

  test('have their defaults in a file without them', () => {
    expect(settingsOf(undefined)).toEqual({ catalog: DEFAULT_CATALOG, routes: [] })
    expect(settingsOf({})).toEqual({ catalog: DEFAULT_CATALOG, routes: [] })
  })

  test('stand beside the servers, in each form of the file', () => {
    const hearth = {
      catalog: { tools: 'lazy' },
      routes: [{ name: 'r', match: { tools: ['a__*'] }, servers: ['a', 'b'] }],
    }
    const expected = {
      catalog: { ...DEFAULT_CATALOG, tools: 'lazy' },
      routes: [
        {
          name: 'r',
          servers: [
            { server: 'a', weight: 1 },
            { server: 'b', weight: 1 },
          ],
        },
      ],
    }
    const list = {
      servers: [
        { name: 'a', command: 'x' },
        { name: 'b', command: 'y' },
      ],
      hearth,
    }

    expect(settingsOf(hearth)).toMatchObject(expected)
    expect(parseConfig(JSON.stringify(list), SOURCE).settings).toMatchObject(expected)
  })

  test.each<[hearth: unknown, says: string]>([
    [{ route: [] }, 'hearth: unknown key "route"; did you mean routes?'],
    [
      { catalog: { priority: ['b', 'aa'] } },
      'hearth.catalog.priority: there is no server "aa": did you mean a?',
    ],
    [
      { limits: [{ name: 'l', per: 'tenant', algorithm: 'quotas', limit: 1 }] },
      'hearth.limits[0].algorithm: must be "token-bucket" or',
    ],
    [
      { catalog: { naming: 'x' } },
      'hearth.catalog.naming: must be "always" or "conflict" or "priority"; got "x"',
    ],
    [
      { routes: [{ name: 'r', match: { tools: ['[a]'] } }] },
      'hearth.routes[0].match.tools[0]: "[a]": [ begins no class here: write \\[',
    ],
    [
      { routes: [{ name: 'r', match: { tools: ['a'] }, servers: ['a', 'c'] }] },
      'hearth.routes: the route "r" has "c", and there is no such server: did you mean a?',
    ],
  ])('%j is refused', (hearth, says) => {
    expect(() => settingsOf(hearth)).toThrow(`/home/me/mcp.json: ${says}`)
  })
})
