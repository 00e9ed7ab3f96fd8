/** How the commands find a gateway, and what they say when there is none. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { lockDataFolder } from '#cli/data-lock.ts'
import { killTree, runHearth, type Command } from '#test/support/command.ts'
import { runVerb } from '#test/support/run-verb.ts'

let folder: string
let data: string
let commands: Command[]

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hearth-where-'))
  data = join(folder, '.hearth')
  commands = []
  await writeFile(join(folder, 'hearth.json'), '{"mcpServers":{}}')
})

afterEach(async () => {
  await Promise.all(commands.map(killTree))
  await rm(folder, { recursive: true, force: true })
})

async function up() {
  const command = runHearth(['up', '--port', '0', '--json'], { cwd: folder })
  commands.push(command)
  return { command, ...(await command.ready()) }
}

const list = (env: Record<string, string> = {}, ...args: string[]) =>
  runVerb(['tokens', 'list', ...args], { cwd: folder, env })

const nothingRuns = () => ({
  code: 1,
  stdout: '',
  stderr: `hearth: no gateway runs on ${data}: start one with hearth up, or name another by --data or --url\n`,
})

test('in the folder of hearth up nothing has to be said; after it, that nothing runs', async () => {
  const { command, url } = await up()

  expect(await list()).toMatchObject({ code: 0, stdout: expect.stringMatching(/hearth up/) })
  const endpoint = join(data, 'endpoint.json')
  expect(JSON.parse(await readFile(endpoint, 'utf8'))).toEqual({
    ...{ url, pid: expect.any(Number), startedAt: expect.any(Number) },
    ...{ configFile: join(folder, 'hearth.json'), leftOut: [] },
  })
  expect((await stat(endpoint)).mode & 0o777).toBe(0o600)

  command.child.kill('SIGTERM')
  await command.exited
  expect(existsSync(endpoint)).toBe(false)
  expect(await list()).toEqual(nothingRuns())
})

test('a folder that nobody has used stays unmade', async () => {
  expect(await list()).toEqual(nothingRuns())
  expect(existsSync(data)).toBe(false)
})

test('what a killed one has left behind is not believed', async () => {
  const { command } = await up()
  await killTree(command)

  expect(existsSync(join(data, 'endpoint.json'))).toBe(true)
  expect(await list()).toEqual(nothingRuns())
})

test('a process of the same number is not enough, nor is the lock', async () => {
  await mkdir(data)
  const file = join(data, 'endpoint.json')
  const url = 'http://127.0.0.1:9'
  const { pid: ended } = spawnSync('true')

  await writeFile(file, JSON.stringify({ url, pid: process.pid }))
  expect(await list()).toEqual(nothingRuns())

  await writeFile(file, JSON.stringify({ url, pid: ended }))
  const lock = await lockDataFolder(data)
  expect(await list()).toEqual(nothingRuns())
  lock.close()
})

test('a URL and a credential from the environment, and those of another', async () => {
  const { url, token } = await up()
  const { adminToken } = JSON.parse(await readFile(join(data, 'secrets.json'), 'utf8'))
  const wrong = 'f'.repeat(64)

  const right = await list({ HEARTH_URL: url, HEARTH_ADMIN_TOKEN: adminToken }, '--tenant', 'local')
  const refused = [
    await list({ HEARTH_ADMIN_TOKEN: wrong }),
    await list({ HEARTH_TOKEN: token.replace(/.$/, (last) => (last === '0' ? '1' : '0')) }),
  ]

  expect(right).toMatchObject({ code: 0, stdout: expect.stringMatching(/^KEY ID/) })
  for (const { code, stdout, stderr } of refused) {
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(/^hearth: .*\(unauthorized\)\n$/)
    expect(stderr).not.toContain(wrong)
  }
  // The token that hearth up prints is for clients: it is not one of an administrator.
  expect((await list({ HEARTH_TOKEN: token })).stderr).toMatch(/\(forbidden\)\n$/)
})

test('with a URL and no credential the admin token stays at home', async () => {
  const { url } = await up()

  const result = await list({ HEARTH_URL: url })

  expect(result).toMatchObject({
    code: 1,
    stderr: `hearth: a credential for ${url} is needed: set HEARTH_ADMIN_TOKEN, or HEARTH_TOKEN to a token of the tenant\n`,
  })
})

test('a gateway elsewhere gets no folder of this machine', async () => {
  const { url } = await up()
  const { adminToken } = JSON.parse(await readFile(join(data, 'secrets.json'), 'utf8'))
  const env = { HEARTH_URL: url, HEARTH_ADMIN_TOKEN: adminToken, HEARTH_TENANT: 'acme' }
  const servers = { plain: { command: 'a' }, below: { command: 'b', cwd: 'c' } }
  await writeFile(join(folder, 'acme.json'), JSON.stringify({ mcpServers: servers }))

  await runVerb(['tenants', 'create', 'acme'], { cwd: folder, env })
  await runVerb(['servers', 'set', 'acme.json'], { cwd: folder, env })
  const { stdout } = await runVerb(['servers', 'list', '--json'], { cwd: folder, env })

  const stored = JSON.parse(stdout).servers
  expect(stored.plain).not.toHaveProperty('cwd')
  expect(stored.below.cwd).toBe('c')
})

test('npm start always means hearth up, and npm adds nothing to its words', async () => {
  const result = await runVerb(['secrets', 'list'], { command: ['npm', 'start', '--'] })

  expect(result).toEqual({
    code: 2,
    stdout: '',
    stderr: 'hearth: hearth up takes no command behind it: run npx hearth secrets\n',
  })
})

test('in a checkout npx adds nothing to what a command says that fails', async () => {
  const result = await runVerb(['secretz'], { command: ['npx', 'hearth'] })

  expect(result.code).toBe(2)
  expect(result.stdout).toBe('')
  expect(result.stderr).toBe('hearth: unknown command "secretz"; did you mean secrets?\n')
})

test('hearth --help names every command and the options of up, and fits a screen', async () => {
  const { code, stdout } = await runVerb(['--help'])

  expect(code).toBe(0)
  const nouns = [
    'up',
    'doctor',
    'status',
    'call',
    'logs',
    'servers',
    'tokens',
    'secrets',
    'limits',
    'issuers',
    'audit',
    'tenants',
  ]
  for (const noun of nouns) expect(stdout).toMatch(new RegExp(`^  ${noun} `, 'm'))
  for (const option of ['config', 'port', 'data', 'json']) expect(stdout).toContain(`--${option}`)
  expect(stdout.split('\n').length).toBeLessThan(50)
})

test('a noun alone is its help, on standard error, and exit code 2', async () => {
  const { code, stdout, stderr } = await runVerb(['tokens'])

  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  expect(stderr).toMatch(/^  rotate \[options\] <keyId> /m)
})

test.each(['servers', 'tokens', 'secrets', 'limits', 'issuers', 'audit', 'tenants'])(
  'a word of hearth %s that is not there is one line and exit code 2',
  async (noun) => {
    const { code, stdout, stderr } = await runVerb([noun, 'nonsense'])

    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(/^hearth: .*nonsense.*\n$/)
  },
)
