/**
 * The files of twelve clients, as people have them: each by a real `hearth up --config`, and each by a real
 * `hearth servers import`. What is said is the test: what was taken, what was left out, and the words.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { rootFolder } from '#cli/layout.ts'
import { killTree, runHearth, type Command } from '#test/support/command.ts'
import { startGateway, type Gateway } from '#test/support/gateway.ts'
import { runVerb } from '#test/support/run-verb.ts'

const FOLDER = join(rootFolder, 'test', 'fixtures', 'configs')
/** What the files refer to. */
const ENVIRONMENT = { CRM_TOKEN: 'crm-4711', TICKETS_KEY: 'tickets-4711', DESIGN_TOKEN: 'd-4711' }

interface Expected {
  file: string
  /** Of servers that run. */
  taken: string[]
  /** Of those that are there, and switched off. */
  off?: string[]
  /** What is said of servers that are taken, one line each. */
  notes: string[]
  /** What is said of those that are not. */
  leftOut?: [name: string, why: string][]
  /** Secrets to set, each with its server. */
  asks?: [server: string, secret: string][]
  /** What an import makes secrets of. */
  kept?: string[]
}

const NO_LOGIN = 'Hearth does not log in to servers: give a token in headers'

const FILES: Expected[] = [
  {
    file: 'claude-desktop.json',
    taken: ['My-Files', 'server-130016b2'],
    off: ['mail'],
    notes: [
      'server "My-Files": called "My Files" in the file',
      'server "server-130016b2": called "東京" in the file',
    ],
    kept: ['keeps env.AUTH_HEADER of mail as the secret AUTH_HEADER'],
  },
  {
    file: 'claude-code.json',
    taken: ['everything', 'tracker'],
    notes: [
      'server "everything": read timeout 120000 as milliseconds: a call may take 120 s',
      'server "tracker": ignored headersHelper (Hearth runs no program for headers: write them in ' +
        `headers), oauth (${NO_LOGIN})`,
    ],
  },
  {
    file: 'cursor.json',
    taken: ['memory', 'crm'],
    notes: ['server "memory": read 2 variables from its envFile; ignored env.MEMORY_PROXY (null)'],
    kept: [
      'keeps env.MEMORY_KEY of memory as the secret MEMORY_KEY',
      'keeps headers.Authorization of crm as the secret CRM_AUTHORIZATION',
    ],
  },
  {
    file: 'vscode.json',
    taken: ['search'],
    notes: ['server "search": ignored dev'],
    leftOut: [
      [
        'fenced',
        'servers.fenced.sandboxEnabled: may restrict what this server does, and Hearth cannot do that: ' +
          'remove the key to serve it without',
      ],
    ],
    asks: [['search', 'SEARCH_KEY']],
  },
  {
    file: 'windsurf.json',
    taken: ['tickets', 'files'],
    notes: [
      'server "tickets": kept disabledTools: delete_ticket',
      'server "files": kept disabledTools: write_file, move_file',
    ],
    kept: ['keeps headers.X-Key of tickets as the secret X_KEY'],
  },
  {
    file: 'cline.json',
    taken: ['everything'],
    off: ['weather'],
    notes: [
      'server "everything": read timeout 60 as seconds: a call may take 60 s; ignored autoApprove',
      'server "weather": read timeout 1800 as seconds: a call may take 1800 s',
    ],
  },
  {
    file: 'zed.json',
    taken: ['memory', 'older'],
    notes: ['server "memory": ignored source', 'server "older": ignored settings'],
    leftOut: [
      [
        'from-extension',
        'context_servers.from extension: is a part of its client, with no command or URL to take over',
      ],
    ],
  },
  {
    file: 'lm-studio.json',
    taken: ['models', 'memory'],
    notes: ['server "models": read timeout 30000 as milliseconds: a call may take 30 s'],
    kept: ['keeps headers.Authorization of models as the secret MODELS_AUTHORIZATION'],
  },
  {
    file: 'librechat.yaml',
    taken: ['everything', 'notes'],
    notes: [
      'server "everything": read initTimeout 15000 as milliseconds: a start may take 15 s; read timeout 60000 as ' +
        'milliseconds: a call may take 60 s; ignored serverInstructions, chatMenu',
      'server "notes": each user has a value of their own: hearth secrets set NOTES_KEY --principal me',
    ],
    leftOut: [
      [
        'tenant',
        'mcpServers.tenant.headers.X-User: nothing fills in {{LIBRECHAT_USER_ID}}: write ${NAME} for a ' +
          'variable of the environment, ${secret:NAME} or ${principal:NAME} for a secret',
      ],
    ],
  },
  {
    file: 'continue.yaml',
    taken: ['Memory-Server', 'calendar'],
    notes: [
      'server "Memory-Server": called "Memory Server" in the file; read connectionTimeout 20000 as milliseconds: a start may take 20 s',
    ],
    asks: [['Memory-Server', 'MEMORY_KEY']],
  },
  {
    file: 'goose.yaml',
    taken: ['memory'],
    off: ['board'],
    notes: [
      'server "memory": kept available_tools: read_graph, search_nodes; read timeout 300 as seconds: a call ' +
        'may take 300 s; ignored display_name',
      'servers "memory", "board": ignored name',
    ],
    leftOut: [
      [
        'developer',
        'extensions.developer: is a part of its client, with no command or URL to take over',
      ],
    ],
    asks: [['memory', 'MEMORY_KEY']],
  },
  {
    file: 'codex.toml',
    taken: ['everything'],
    off: ['design'],
    notes: [
      'server "everything": kept enabled_tools: echo, add; kept disabled_tools: add; read tool_timeout_sec 90 ' +
        'as seconds: a call may take 90 s; read startup_timeout_sec 20 as seconds: a start may take 20 s',
      'server "design": ignored required',
    ],
    kept: ['keeps headers.Authorization of design as the secret DESIGN_AUTHORIZATION'],
  },
  {
    file: 'server.json',
    taken: ['everything'],
    notes: [],
    asks: [['everything', 'EVERYTHING_KEY']],
  },
]

/** Values of the files and of what they refer to. */
const SECRETS = /4711|0815/

describe('hearth up --config', () => {
  let data: string
  let command: Command | undefined

  beforeEach(async () => {
    data = await mkdtemp(join(tmpdir(), 'hearth-configs-'))
  })
  afterEach(async () => {
    if (command !== undefined) await killTree(command)
    await rm(data, { recursive: true, force: true })
  })

  test.each(FILES)('serves $file, and says what it left out', async (expected) => {
    const { file, taken, notes, leftOut = [], asks = [] } = expected
    const options = ['--data', data, '--port', '0', '--json', '--no-watch']
    command = runHearth(['up', '--config', join(FOLDER, file), ...options], { env: ENVIRONMENT })
    const { servers } = await command.ready()
    const said = command.stderr.filter((line) => /^hearth: servers? "/.test(line))

    expect(servers.map(({ name }) => name)).toEqual(taken)
    expect(said.filter((line) => !/does not start|not found/.test(line))).toEqual([
      ...leftOut.map(([name, why]) => `hearth: server "${name}" is left out: ${why}`),
      ...notes.map((note) => `hearth: ${note}`),
      ...asks.map(
        ([server, secret]) =>
          `hearth: server "${server}" needs a secret, unless it is there already: hearth secrets set ${secret}`,
      ),
    ])
    expect(command.stderr.join('\n')).not.toMatch(SECRETS)
  })
})

describe('hearth servers import --from', () => {
  let gateway: Gateway
  let home: string

  beforeAll(async () => {
    gateway = await startGateway({ servers: {}, warm: false })
    home = await mkdtemp(join(tmpdir(), 'hearth-home-'))
  })
  afterAll(async () => {
    await gateway.stop()
    await rm(home, { recursive: true, force: true })
  })

  test.each(FILES)('takes $file over, and says what it left out', async (expected) => {
    const { file, taken, off = [], notes, leftOut = [], asks = [], kept = [] } = expected
    const tenant = file.replace('.', '-')
    const env = {
      ...{ ...ENVIRONMENT, HOME: home, HEARTH_URL: gateway.url },
      ...{ HEARTH_ADMIN_TOKEN: gateway.adminToken, HEARTH_TENANT: tenant },
    }
    await runVerb(['tenants', 'create', tenant], { env: { ...env, HEARTH_TENANT: '' } })
    const args = ['servers', 'import', '--from', join(FOLDER, file)]
    const { code, stdout, stderr } = await runVerb(args, { env, cwd: home })
    const lines = stdout.trimEnd().split('\n')
    const is = (word: string) => lines.filter((line) => line.startsWith(`${word} `))
    const list = await runVerb(['servers', 'list', '--json'], { env })
    const { servers } = JSON.parse(list.stdout) as { servers: Record<string, { enabled: boolean }> }

    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(Object.keys(servers).toSorted()).toEqual([...taken, ...off].toSorted())
    expect(off.filter((name) => servers[name]?.enabled !== false)).toEqual([])
    expect(lines.filter((line) => /^servers? /.test(line))).toEqual(notes)
    expect(is('skips').map((line) => line.replace(/ from .*?: /, ': '))).toEqual(
      leftOut.map(([name, why]) => `skips ${name}: ${why}`),
    )
    expect(is('keeps')).toEqual(kept)
    expect(lines.filter((line) => line.includes('needs a secret'))).toEqual(
      asks.map(([server, secret]) => `${server} needs a secret: hearth secrets set ${secret}`),
    )
    expect(stdout + list.stdout).not.toMatch(SECRETS)
  })
})
