/** `hearth servers import` with files of clients in a home of its own, and a real gateway. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { startGateway, type Gateway } from '#test/support/gateway.ts'
import { runVerb } from '#test/support/run-verb.ts'

const TOKEN = 'ghp_0123456789abcdefghijABCDEFGHIJ012345'

let gateway: Gateway
let home: string
let tenant: string
let tenants = 0

beforeAll(async () => {
  gateway = await startGateway({ servers: {}, warm: false })
})
afterAll(() => gateway.stop())

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'hearth-home-'))
  tenant = `import-${++tenants}`
  await hearth('tenants', 'create', tenant)
})
afterEach(() => rm(home, { recursive: true, force: true }))

async function put(path: string, content: string | object): Promise<string> {
  const file = join(home, path)
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content))
  return file
}

async function tryHearth(...args: string[]) {
  const env = {
    ...{ HOME: home, XDG_CONFIG_HOME: '', FROM_ENVIRONMENT: 'filled' },
    ...{ HEARTH_URL: gateway.url, HEARTH_ADMIN_TOKEN: gateway.adminToken },
    ...(args[0] !== 'tenants' && { HEARTH_TENANT: tenant }),
  }
  const result = await runVerb(args, { env, cwd: home })
  if (args[1] === 'import') expect(result.stdout + result.stderr).not.toContain(TOKEN)
  return result
}

async function hearth(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await tryHearth(...args)
  if (code !== 0) throw new Error(`hearth ${args.join(' ')} ended with ${code}: ${stderr}`)
  return stdout
}

const json = async (...args: string[]) => JSON.parse(await hearth(...args, '--json'))
const servers = async () => (await json('servers', 'list')).servers
const secrets = async () =>
  (await json('secrets', 'list')).secrets.map(({ name }: { name: string }) => name)

test('every client of the user is read, and credentials become secrets', async () => {
  const desktop = await put('.config/Claude/claude_desktop_config.json', {
    mcpServers: {
      github: { command: 'npx', args: ['-y', 'gh'], env: { GITHUB_TOKEN: TOKEN, MODE: 'x' } },
      both: { command: 'first' },
    },
  })
  await put('.cursor/mcp.json', {
    mcpServers: {
      both: { command: 'second' },
      remote: { url: 'https://mcp.example.com/mcp', headers: { Authorization: 'Bearer abc' } },
    },
  })
  await put(
    '.config/Code/User/mcp.json',
    `{
      // what VS Code keeps
      "inputs": [{ "id": "key", "type": "promptString", "password": true }],
      "servers": { "asking": { "command": "node", "env": { "KEY": "\${input:key}" } }, },
    }`,
  )
  await put('.config/zed/settings.json', {
    theme: 'One',
    context_servers: { 'zed one': { command: { path: 'zed', args: ['${FROM_ENVIRONMENT}'] } } },
  })
  await put('.codeium/windsurf/mcp_config.json', { mcpServers: { broken: { command: 7 } } })

  const said = await hearth('servers', 'import')
  const stored = await servers()

  expect(said.split('\n')).toEqual(
    expect.arrayContaining([
      `found 2 servers in ${desktop} (claude-desktop)`,
      'adds github from claude-desktop',
      'adds zed-one from zed, called "zed one" there',
      'skips both from cursor: another of this name comes from claude-desktop',
      'keeps env.GITHUB_TOKEN of github as the secret GITHUB_TOKEN',
      'keeps headers.Authorization of remote as the secret REMOTE_AUTHORIZATION',
      'asking needs a secret: hearth secrets set KEY',
      `tenant ${tenant}: 5 servers added`,
    ]),
  )
  expect(said).toMatch(/skips broken from windsurf: .*must be a string/)
  expect(Object.keys(stored).sort()).toEqual(['asking', 'both', 'github', 'remote', 'zed-one'])
  expect(stored.github.env).toEqual({ GITHUB_TOKEN: '${secret:GITHUB_TOKEN}', MODE: 'x' })
  expect(stored.remote).toMatchObject({
    url: 'https://mcp.example.com/mcp',
    headers: { Authorization: 'Bearer ${secret:REMOTE_AUTHORIZATION}' },
  })
  expect(stored['zed-one'].args).toEqual(['filled'])
  expect(stored.both.command).toBe('first')
  expect(await secrets()).toEqual(['GITHUB_TOKEN', 'REMOTE_AUTHORIZATION'])
})

test('what is there stays unless --replace, and --dry-run changes nothing', async () => {
  await put('.claude.json', { mcpServers: { mine: { command: 'old', env: { A_TOKEN: TOKEN } } } })
  await hearth('servers', 'import', '--from', 'claude-code', '--plain')
  expect((await servers()).mine.env).toEqual({ A_TOKEN: TOKEN })
  await put('.claude.json', { mcpServers: { mine: { command: 'new' }, more: { command: 'more' } } })

  const dry = await json('servers', 'import', '--replace', '--dry-run')
  expect(dry).toMatchObject({ isDryRun: true, added: ['more'], replaced: ['mine'] })
  expect(Object.keys(await servers())).toEqual(['mine'])

  expect(await hearth('servers', 'import')).toContain(
    'skips mine from claude-code: a server of this name is there: --replace',
  )
  expect((await servers()).mine.command).toBe('old')
  const said = await hearth('servers', 'import', '--replace')
  expect(said).toContain(`tenant ${tenant}: 2 servers replaced`)
  expect((await servers()).mine.command).toBe('new')
  expect(await secrets()).toEqual([])
})

test('--to adds to a file, keeps what it has, and says so', async () => {
  const file = await put('hearth.json', {
    $schema: './schema.json',
    mcpServers: { kept: { command: 'kept', warm: 3 }, same: { command: 'same' } },
  })
  const from = await put('project/.mcp.json', {
    mcpServers: {
      same: { command: 'other' },
      plain: {
        disabled: true,
        command: 'node',
        args: ['${HOME}/x'],
        env: { MODE: '${FROM_ENVIRONMENT}' },
      },
      secret: { command: 'node', env: { A_TOKEN: TOKEN } },
    },
  })

  const said = await hearth('servers', 'import', '--from', from, '--to', file)

  expect(said).toContain(`adds plain from ${from}, disabled there\n`)
  expect(said).toContain('keeps env.A_TOKEN of secret as the secret A_TOKEN')
  expect(said).toContain(`${file}: 2 servers added`)
  expect(JSON.parse(await readFile(file, 'utf8'))).toEqual({
    $schema: './schema.json',
    mcpServers: {
      kept: { command: 'kept', warm: 3 },
      same: { command: 'same' },
      plain: {
        disabled: true,
        command: 'node',
        args: ['${HOME}/x'],
        env: { MODE: '${FROM_ENVIRONMENT}' },
      },
      secret: { command: 'node', env: { A_TOKEN: '${secret:A_TOKEN}' } },
    },
  })
  expect(await secrets()).toEqual(['A_TOKEN'])
})

test('a file that is no plain JSON is not written, nor one where secrets have nowhere to go', async () => {
  const from = await put('a.json', {
    mcpServers: { secret: { command: 'node', env: { A_TOKEN: TOKEN } } },
  })
  const commented = await put('hearth.json', '{ // mine\n"mcpServers": {} }')
  const importTo = (...args: string[]) => tryHearth('servers', 'import', '--from', from, ...args)

  const refused = await importTo('--to', commented)
  expect(refused).toMatchObject({ code: 1, stdout: '' })
  expect(refused.stderr).toContain('is no configuration in plain JSON: it is not touched')
  expect(await readFile(commented, 'utf8')).toContain('// mine')

  const fresh = join(home, 'fresh.json')
  const homeless = await runVerb(['servers', 'import', '--from', from, '--to', fresh], {
    env: { HOME: home },
    cwd: home,
  })
  expect(homeless.code).toBe(1)
  expect(homeless.stderr).toContain('--plain keeps them in the file')
  expect((await importTo('--to', fresh, '--plain')).code).toBe(0)
  expect(JSON.parse(await readFile(fresh, 'utf8')).mcpServers.secret.env).toEqual({
    A_TOKEN: TOKEN,
  })
})

test('without a file it says where it looked, and a file that cannot be read is named', async () => {
  const nothing = await tryHearth('servers', 'import')
  expect(nothing.code).toBe(1)
  expect(nothing.stderr).toContain(join(home, '.cursor', 'mcp.json'))

  const broken = await put('.cursor/mcp.json', `{"mcpServers": {"a": {"env": {"T": "${TOKEN}"}`)
  const unreadable = await tryHearth('servers', 'import', '--from', 'cursor')
  expect(unreadable.stderr).toMatch(
    /^hearth: .*mcp\.json: not valid JSON at line 1 column \d+; look for/,
  )
  expect(unreadable.stderr).toContain(broken)
  const unknown = await tryHearth('servers', 'import', '--from', 'emacs')
  expect(unknown.stderr).toContain('emacs is no file, and no client: claude-desktop, claude-code')
})

test('each of several --from is read, restrictions come along, and what is left out is said', async () => {
  await put('one/tools.env', `TOOLS_TOKEN=${TOKEN}\nPLAIN_WORD=also-kept`)
  const one = await put('one/mcp.json', {
    mcpServers: {
      道具: { command: 'node', envFile: 'tools.env', disabledTools: ['delete_*'], timeout: 90 },
    },
  })
  const two = await put(
    'two/config.toml',
    '[mcp_servers.second]\ncommand = "node"\nsandbox = "strict"',
  )
  const three = await put(
    'three.yaml',
    'mcpServers:\n  - name: third\n    command: node\n    cwd: /tmp',
  )

  const from = [one, two, three].flatMap((file) => ['--from', file])
  const said = await hearth('servers', 'import', ...from)
  const stored = await servers()
  const [name = ''] = Object.keys(stored)

  expect(Object.keys(stored)).toEqual([expect.stringMatching(/^server-[0-9a-f]{8}$/), 'third'])
  expect(stored[name]).toMatchObject({
    env: { TOOLS_TOKEN: '${secret:TOOLS_TOKEN}', PLAIN_WORD: '${secret:PLAIN_WORD}' },
    timeoutMs: { call: 90_000 },
    catalog: { tools: { deny: ['delete_*'], everywhere: true } },
  })
  expect(said).toContain(
    `server "${name}": called "道具" in the file; kept disabledTools: delete_*; ` +
      'read timeout 90 as seconds: a call may take 90 s; read 2 variables from its envFile\n',
  )
  expect(said).toMatch(/^skips second from .*: mcp_servers\.second\.sandbox: may restrict /m)
  expect(await secrets()).toEqual(['PLAIN_WORD', 'TOOLS_TOKEN'])
})
