/** Every verb of the control plane, as people type it, against a `hearth up` of its own. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { globSync, readFileSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { rootFolder } from '#cli/layout.ts'
import { OriginsAnswer, StatusAnswer } from '#cli/openapi/answers.ts'
import {
  killTree,
  processTree,
  runHearth,
  type Command,
  type Ready,
} from '#test/support/command.ts'
import { waitUntil } from '#test/support/processes.ts'
import { answerAsServer } from '#test/support/remote-launch.ts'
import { runVerb, type VerbOptions } from '#test/support/run-verb.ts'
import { WebOrigin } from '#test/support/web-origin.ts'

const SLOW = join(rootFolder, 'test', 'fixtures', 'servers', 'slow-tool.mjs')
const PROMPT = 'Value of TYPED (not shown): '
const TOKEN_LINE = /^hearth_[a-z0-9-]+_[0-9a-f]{8}_[0-9a-f]{64}\n$/

let folder: string
let data: string
let up: Command
let ready: Ready
let adminToken: string
let tenants = 0
let tenant: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hearth-verbs-'))
  data = join(folder, 'data')
  const config = await write('mcp.json', {
    mcpServers: { slow: { command: 'node', args: [SLOW] } },
    hearth: {
      catalog: { pageSize: 77 },
      routes: [{ name: 'from-file', match: { tools: ['slow__*'] }, timeoutMs: 9_000 }],
      limits: [{ name: 'from-file', per: 'tenant', algorithm: 'concurrency', limit: 9 }],
    },
  })
  up = runHearth(['up', '--config', config, '--data', data, '--port', '0', '--json'])
  ready = await up.ready()
  const secrets = JSON.parse(await readFile(join(data, 'secrets.json'), 'utf8'))
  adminToken = secrets.adminToken
})

afterAll(async () => {
  await killTree(up)
  await rm(folder, { recursive: true, force: true })
})

/** Each test has a tenant of its own. */
beforeEach(async () => {
  tenant = `t${++tenants}`
  await operator('PUT', `tenants/${tenant}`)
})

/** As the API has it: for what a test is not about. */
async function operator(method: string, path: string, body?: object): Promise<string> {
  const response = await fetch(`${ready.url}/admin/${path}`, {
    method,
    headers: { Authorization: `Bearer ${adminToken}` },
    ...(body && { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
  return text
}

async function write(name: string, content: unknown): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}

/** Words are separated by single spaces. Throws when it fails. Returns standard output. */
async function hearth(line: string, options: VerbOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await tryHearth(line, options)
  if (code !== 0) throw new Error(`hearth ${line} ended with ${code}: ${stderr}`)
  return stdout
}

async function tryHearth(line: string, { env, ...options }: VerbOptions = {}) {
  const args = [...line.split(' '), '--data', data]
  const result = await runVerb(args, { ...options, env: { HEARTH_TENANT: tenant, ...env } })
  expect(result.stdout + result.stderr).not.toContain(adminToken)
  return result
}

const json = async (line: string, options?: VerbOptions) =>
  JSON.parse(await hearth(`${line} --json`, options))

test('tenants: list, create, show, delete', async () => {
  tenant = `${tenant}-made`
  expect(await hearth(`tenants create ${tenant}`)).toBe(`tenant ${tenant} is there\n`)

  expect(await hearth('tenants list')).toMatch(
    new RegExp(`^NAME +CREATED\nlocal +\\S+Z\n(.*\n)*${tenant} +\\S+Z\n$`),
  )
  expect(await hearth(`tenants show ${tenant}`)).toMatch(/^servers +0$/m)

  expect(await hearth(`tenants delete ${tenant}`)).toBe(`tenant ${tenant} is deleted\n`)

  expect(await hearth('tenants list')).not.toMatch(new RegExp(`^${tenant} `, 'm'))
  expect(await tryHearth(`tenants show ${tenant}`)).toEqual({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(
      /^hearth: There is no tenant of this name.* \(tenant_not_found\)\n$/,
    ),
  })
})

test('a list of tenants has pages', async () => {
  const first = await tryHearth('tenants list --limit 1')
  const [, cursor = ''] = /--cursor (\S+)/.exec(first.stderr) ?? []

  const second = await hearth(`tenants list --limit 1 --cursor ${cursor}`)

  expect(first.stdout.split('\n')).toHaveLength(3)
  expect(second).not.toBe(first.stdout)
})

test('servers: set, list, show, remove', async () => {
  const file = await write('servers.json', {
    mcpServers: {
      one: { command: 'node', args: ['${SCRIPT}', '${secret:KEY}'], cwd: 'below' },
      two: { command: 'node' },
    },
  })
  const env = { SCRIPT: 'a.mjs' }

  expect(await hearth(`servers set ${file}`, { env })).toMatch(/^configuration \d+ has one, two\n$/)
  expect(await hearth('servers list')).toBe(
    'NAME  ENABLED  COMMAND\none   yes      node a.mjs ${secret:KEY}\ntwo   yes      node\n',
  )
  expect(JSON.parse(await hearth('servers show one'))).toMatchObject({
    command: 'node',
    cwd: join(folder, 'below'),
  })
  expect(await hearth('servers remove two')).toBe('server two is removed\n')
  expect(Object.keys((await json('servers list')).servers)).toEqual(['one'])
  expect(await hearth(`servers set ${file} --only two`, { env })).toMatch(/ has two\n$/)
  expect(Object.keys((await json('servers list')).servers)).toEqual(['one', 'two'])
})

test('servers: status shows how they fare, and starts none', async () => {
  const file = await write('status.json', { mcpServers: { idle: { command: 'node' } } })
  await hearth(`servers set ${file}`)

  const [header, row] = (await hearth('servers status')).trimEnd().split('\n')
  expect(header?.split(/ {2,}/)).toEqual([
    ...['NAME', 'PLACEMENT', 'READY', 'HEALTH', 'BREAKER', 'SINCE', 'IN FLIGHT', 'QUEUED'],
    ...['FAILURES', 'LAST FAILURE'],
  ])
  expect(row?.split(/ {2,}/)).toEqual([
    ...['idle', 'main', 'no', 'unknown', 'closed', '-', '0', '0', '0', '-'],
  ])
  expect(StatusAnswer.parse(await json('servers status')).servers[0]?.name).toBe('idle')
})

test('servers: origins shows how requests to remote servers went', async () => {
  const HEADER =
    'ORIGIN  REQUESTS  SUCCESSES  FAILURES  MEAN MS  HTTP/2  IN FLIGHT  MOST  CONNECTIONS  PLACEMENT'
  expect(await hearth('servers origins')).toBe(`${HEADER}\n`)
  const far = await WebOrigin.start({ answer: answerAsServer() })
  try {
    const server = { url: far.url, via: 'host', allowPrivate: true }
    await hearth(
      `servers set ${await write('far.json', { mcpServers: { far: server, own: { ...server, placement: 'own' } } })}`,
    )
    const { url, headers } = { url: ready.url, headers: { Authorization: `Bearer ${adminToken}` } }
    await fetch(new URL(`/admin/tenants/${tenant}/warm`, url), { method: 'POST', headers })

    const [, ...rows] = (await hearth('servers origins')).trimEnd().split('\n')
    const { origin } = new URL(far.url)
    expect(rows.map((row) => row.split(/ {2,}/))).toEqual([
      [origin, expect.stringMatching(/^[1-9]/), ...Array(7).fill(expect.any(String)), 'main'],
      [origin, expect.stringMatching(/^[1-9]/), ...Array(7).fill(expect.any(String)), 'own'],
    ])
    const { origins } = OriginsAnswer.parse(await json('servers origins'))
    expect(origins).toMatchObject([
      { origin, failures: 0, h2Share: 0 },
      { origin, failures: 0, h2Share: 0, placement: 'own' },
    ])
  } finally {
    await far.close()
  }
})

test('what servers list --json prints is what servers set reads', async () => {
  await hearth(`servers set ${await write('one.json', { mcpServers: { one: { command: 'a' } } })}`)
  const before = await json('servers list')

  await hearth(`servers set ${await write('same.json', before)}`)

  expect(await json('servers list')).toEqual(before)
})

test('tokens: create, list, rotate, revoke', async () => {
  const made = await tryHearth(
    'tokens create ci --scope tools:call:github/* --scope servers:memory --expires-in 30d ' +
      '--allow-tool github/* --deny-server fs*',
  )
  expect(made).toMatchObject({ code: 0, stdout: expect.stringMatching(TOKEN_LINE) })
  const [, , keyId = ''] = made.stdout.split('_')
  expect(made.stderr).toMatch(
    new RegExp(`^hearth: token ${keyId} \\(ci\\) expires 20\\d\\d-\\S+Z; it is shown this once\n$`),
  )
  expect((await json('tokens list')).tokens[0]).toMatchObject({
    keyId,
    grants: {
      scopes: ['tools:call:github/*', 'servers:memory'],
      allow: { tools: ['github/*'] },
      deny: { servers: ['fs*'] },
    },
  })

  const { stdout: next, stderr: hints } = await tryHearth(`tokens rotate ${keyId} --overlap 24h`)
  const [, , nextId = ''] = next.split('_')
  expect(next).toMatch(TOKEN_LINE)
  expect(nextId).not.toBe(keyId)
  expect(hints).toMatch(new RegExp(`^hearth: token ${keyId} ends 20\\d\\d-\\S+Z$`, 'm'))

  expect(await hearth(`tokens revoke ${keyId}`)).toBe(
    `token ${keyId} is revoked: everywhere within 30 s\n`,
  )
  const table = await hearth('tokens list')
  expect(table).toMatch(new RegExp(`^${keyId} +ci +token:${keyId} .* revoked$`, 'm'))
  expect(table).toMatch(new RegExp(`^${nextId} +ci +token:${keyId} .* valid$`, 'm'))
  expect(table).not.toContain(next.trim())
})

test("a tenant's own token with the scope admin does the same, for its tenant alone", async () => {
  const token = (await hearth('tokens create owner --scope * --scope admin')).trim()
  const env = { HEARTH_TOKEN: token, HEARTH_TENANT: '' }

  expect(await hearth('tokens create second --scope *', { env })).toMatch(
    new RegExp(`^hearth_${tenant}_`),
  )
  expect(await tryHearth('tokens list --tenant local', { env })).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/ \(unauthorized\)\n$/),
  })
  expect(await hearth('audit --action token.create', { env })).toMatch(/ token:[0-9a-f]{8} /)
})

test('hearth up sets the catalog and the routes of its file', async () => {
  expect(await json('catalog show --tenant local')).toMatchObject({ pageSize: 77 })
  expect(await hearth('routes explain slow__x --tenant local')).toContain('route from-file ')
})

test('servers are not set for a tenant of a mistyped name, and none is made', async () => {
  const file = await write('for-nobody.json', { mcpServers: { one: { command: 'node' } } })
  const refused = await tryHearth(`servers set ${file} --tenant locl`)

  expect(refused).toMatchObject({
    code: 1,
    stderr: 'hearth: There is no tenant of this name: did you mean local? (tenant_not_found)\n',
  })
  expect(await hearth('tenants list')).not.toMatch(/^locl /m)
})

test.each([
  'servers show slw --tenant local',
  'servers remove slw --tenant local',
  'tools list --server slw --tenant local',
  'tools approve slw any --tenant local',
  'routes explain any --server slw --tenant local',
])('a mistyped server is refused with the nearest name: %s', async (line) => {
  expect(await tryHearth(line)).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/ did you mean slow\? \(server_not_found\)\n$/),
  })
})

test.each(['catalog', 'routes', 'limits'])(
  'hearth %s set is refused where a file says it, with where to write it',
  async (setting) => {
    const before = await operator('GET', `tenants/local/${setting}`)
    const refused = await tryHearth(`${setting} set - --tenant local --data ${data}`, {
      input: before,
      env: { HEARTH_URL: '' },
    })

    expect(refused).toMatchObject({ code: 1, stdout: '' })
    expect(refused.stderr).toMatch(
      new RegExp(
        `^hearth: the ${setting} of local are what .*mcp\\.json says: write them there, as \\{"hearth": \\{"${setting}": …\\}\\}; hearth up`,
      ),
    )
    expect(await operator('GET', `tenants/local/${setting}`)).toBe(before)
  },
)

test('hearth up sets the limits of its file', async () => {
  expect(await json('limits show --tenant local')).toMatchObject({
    limits: [{ name: 'from-file', algorithm: 'concurrency', limit: 9 }],
  })
})

test('catalog: show, set', async () => {
  expect(JSON.parse(await hearth('catalog show'))).toMatchObject({ naming: 'always' })

  const input = JSON.stringify({ naming: 'conflict' })
  expect(await hearth('catalog set -', { input })).toMatch(/^configuration \d+ has this catalog\n$/)

  expect(await json('catalog show')).toMatchObject({ naming: 'conflict', separator: '__' })
  const bad = await tryHearth('catalog set -', { input: '{"naming": "never"}' })
  expect(bad).toMatchObject({ code: 1, stderr: expect.stringContaining('(invalid_config)') })
})

test('routes: set, show, explain', async () => {
  // They tell nobody what they have, and are not waited for.
  await operator('PUT', `tenants/${tenant}/catalog`, { listTimeoutMs: 100 })
  const servers = { mcpServers: { one: { command: 'node' }, two: { command: 'node' } } }
  await hearth(`servers set ${await write('routed.json', servers)}`)
  const routes = [
    { name: 'rest', timeoutMs: 5_000 },
    { name: 'search', match: { tools: ['one__*'] }, priority: 5, servers: ['two', 'one'] },
  ]

  expect(await hearth('routes set -', { input: JSON.stringify({ routes }) })).toMatch(
    /^configuration \d+ has these routes\n$/,
  )
  expect(await hearth('routes show')).toBe(
    [
      'NAME    PRIORITY  MATCH      STRATEGY  SERVERS',
      'rest    -         (default)  -         -',
      'search  5         one__*     failover  two one\n',
    ].join('\n'),
  )
  expect(await hearth('routes explain one__find')).toBe(
    [
      'tool one__find is find of one',
      'route search (priority 5): "one__*" matches',
      'servers, the first that can answer: two, one\n',
    ].join('\n'),
  )
  const resource = await hearth('routes explain file:///x --kind resource --server one')
  expect(resource).toContain('route rest: it is the default route: no other matches\n')
  expect(await json('routes explain one__find')).toMatchObject({ route: 'search' })
  expect(await hearth('routes explain nobody__x')).toBe(
    'nothing in the catalog is called nobody__x (tool)\n',
  )
  const shown = await json('routes show')
  expect(await hearth('routes set -', { input: JSON.stringify(shown) })).toMatch(/^configuration/)
})

test('secrets: set, list, delete, rewrap; a value comes out nowhere', async () => {
  const values = ['piped-5ecret', 'variable-5ecret', 'file-5ecret\n']
  const file = await write('value.txt', values[2])
  const printed = [
    await hearth('secrets set PIPED', { input: `${values[0]}\r\n` }),
    await hearth('secrets set VARIABLE --from-env OURS', { env: { OURS: values[1] ?? '' } }),
    await hearth(`secrets set FROM_FILE --from-file ${file}`),
    await hearth('secrets set PIPED --json', { input: 'again-5ecret' }),
    await hearth('secrets list'),
    await hearth('secrets list --json'),
    await hearth('secrets rewrap'),
    await hearth('secrets delete VARIABLE'),
    await hearth('secrets list'),
    await hearth('audit'),
    await hearth('audit --export'),
  ]

  expect(printed[0]).toBe('secret PIPED is set: version 1\n')
  expect(printed[4]).toMatch(
    /^NAME +VERSION +MASTER KEY +UPDATED\nFROM_FILE +1 .*\nPIPED +2 .*\nVARIABLE +1 .*\n$/,
  )
  expect(printed[6]).toMatch(/^\d+ secrets were encrypted/)
  expect(printed[8]).not.toContain('VARIABLE')
  expect(printed[9]).toMatch(/ secret\.put +PIPED +ok$/m)
  expect(printed.join('') + up.stdout.join('\n') + up.stderr.join('\n')).not.toContain('5ecret')
})

/** Its row is another one from now on, as after a change of the disk. */
function damageSecret(name: string): void {
  const storage = join(data, 'storage')
  for (const path of globSync('**/*-Tenant/*.sqlite', { cwd: storage })) {
    if (!/[0-9a-f]{64}\.sqlite$/.test(path)) continue
    const database = new DatabaseSync(join(storage, path))
    database.prepare('UPDATE secret SET iv = randomblob(12) WHERE name = ?').run(name)
    database.close()
  }
}

test('secrets rewrap: says which do not decrypt, ends with 1, and goes through all tenants', async () => {
  const second = `${tenant}-second`
  await operator('PUT', `tenants/${second}`)
  await operator('PUT', `tenants/${second}/secrets/FINE`, { value: 'a-value' })
  await hearth('secrets set DAMAGED', { input: 'a-value' })
  await hearth('secrets set WHOLE', { input: 'a-value' })
  expect(await tryHearth('secrets rewrap --all')).toMatchObject({ code: 0, stderr: '' })

  damageSecret('DAMAGED')

  const told = `hearth: DAMAGED of ${tenant}: it does not decrypt\n`
  const ended = 'hearth: 1 secrets do not decrypt: bring their key back, or set them again\n'
  const one = await tryHearth('secrets rewrap')
  expect(one).toMatchObject({ code: 1, stderr: told + ended })
  expect(one.stdout).toBe('0 secrets were encrypted under the newest master key\n')
  expect(await tryHearth('secrets rewrap --all')).toMatchObject({ code: 1, stderr: told + ended })
  const lines = (await tryHearth('secrets rewrap --all --json')).stdout.trimEnd().split('\n')
  const reports = lines.map((line) => JSON.parse(line) as { tenant: string; failed: number })
  expect(reports.filter(({ failed }) => failed > 0).map((report) => report.tenant)).toEqual([
    tenant,
  ])
  expect(reports.map((report) => report.tenant)).toContain(second)
  expect((await tryHearth(`secrets rewrap --all --tenant ${second}`)).code).toBe(2)
})

test('a value is in no command line while it is read', async () => {
  const args = ['secrets', 'set', 'HELD', '--data', data, '--tenant', tenant]
  const child = spawn(process.execPath, [join(rootFolder, 'cli', 'hearth.mjs'), ...args])
  child.stdin.write('held-5ecret')
  const commandLines = (): string[] =>
    processTree(child.pid ?? 0).map((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8'))
  const isThere = (line: string): boolean => line.includes('HELD')
  await waitUntil(() => commandLines().some(isThere), 'the command did not start')

  const lines = commandLines()
  child.stdin.end()
  const [code] = await once(child, 'close')

  expect(lines.join('\n')).toContain('HELD')
  expect(lines.join('\n')).not.toContain('5ecret')
  expect(code).toBe(0)
})

test.each([
  { name: 'a line', keys: 'typed-5ecret\r', code: 0, says: 'secret TYPED is set: version 1' },
  { name: 'Ctrl-C', keys: 'typed-5ecret\u0003', code: 1, says: 'hearth: nothing was entered' },
])('on a terminal the value is asked for and not shown: $name', async ({ keys, code, says }) => {
  const command = `node cli/hearth.mjs secrets set TYPED --data ${data} --tenant ${tenant}`
  const terminal = spawn('script', ['-qec', command, '/dev/null'], { cwd: rootFolder })
  let shown = ''
  terminal.stdout.on('data', (chunk: Buffer) => {
    if (shown.includes(PROMPT)) return (shown += chunk.toString())
    shown += chunk.toString()
    if (shown.includes(PROMPT)) terminal.stdin.write(keys)
  })
  const [exitCode] = await once(terminal, 'close')

  expect(shown).toContain(says)
  expect(exitCode).toBe(code)
  expect(shown).not.toContain('5ecret')
})

test("a principal's own secrets are beside those of the tenant", async () => {
  const token = (await hearth('tokens create own --scope * --scope secrets')).trim()
  const [, , keyId] = token.split('_')
  const env = { HEARTH_TOKEN: token }

  await hearth('secrets set MINE --principal me', { env, input: 'x' })

  expect(await hearth(`secrets list --principal token:${keyId}`)).toMatch(/^MINE /m)
  expect(await hearth('secrets list')).not.toMatch(/^MINE /m)
  expect(await hearth('secrets delete MINE --principal me', { env })).toBe(
    'secret MINE is deleted\n',
  )
})

test('limits: what show --json prints is what set reads', async () => {
  const limit = { name: 'calls', per: 'tenant', algorithm: 'quota', limit: 9, period: 'day' }
  const file = await write('limits.json', { limits: [limit], shards: 2 })

  expect(await hearth(`limits set ${file}`)).toMatch(/^the limits are set/)
  expect(await hearth('limits show')).toMatch(/^calls +tenant +quota +9 +day +closed$/m)
  const shown = await hearth('limits show --json')
  await hearth('limits set -', { input: shown })

  expect(JSON.parse(shown)).toMatchObject({ limits: [limit], shards: 2 })
  expect(await hearth('limits show --json')).toBe(shown)
})

test('issuers: what show --json prints is what set reads', async () => {
  const issuer = {
    name: 'idp',
    issuer: 'https://idp.example',
    algorithms: ['ES256', 'EdDSA'],
    keys: { jwksURL: 'https://idp.example/jwks.json' },
  }
  const file = await write('issuers.json', { issuers: [issuer] })

  expect(await hearth(`issuers set ${file}`)).toMatch(/^the issuers are set/)
  expect(await hearth('issuers show')).toMatch(
    /^idp +https:\/\/idp\.example +ES256 EdDSA +jwksURL$/m,
  )
  const shown = await hearth('issuers show --json')
  await hearth('issuers set -', { input: shown })

  expect(JSON.parse(shown).issuers[0]).toMatchObject(issuer)
  expect(await hearth('issuers show --json')).toBe(shown)
})

test('audit: a page, the next one, filters, and all of it as JSON Lines', async () => {
  await hearth('tokens create first --scope *')
  await hearth('tokens create second --scope *')

  const page = await tryHearth('audit --limit 1')
  const [, cursor = ''] = /--cursor (\S+)/.exec(page.stderr) ?? []
  const rest = await hearth(`audit --cursor ${cursor} --action token.create --by operator`)
  const lines = (await hearth('audit --since 1h --export')).trimEnd().split('\n')

  expect(page.stdout).toMatch(/^TIME .*\n\S+Z +operator +\S+ +token\.create +[0-9a-f]{8} +ok\n$/)
  expect(rest.trimEnd().split('\n')).toHaveLength(2)
  expect(lines.map((line) => JSON.parse(line).action).toSorted()).toEqual([
    'tenant.create',
    'token.create',
    'token.create',
  ])
  expect((await json('audit --limit 1')).cursor).toBe(cursor)
})

test('--json is one document, as the API answered it', async () => {
  await hearth('tokens create any --scope *')

  const printed = await hearth('tokens list --json')
  const answer = await operator('GET', `tenants/${tenant}/tokens`)

  expect(printed).toBe(`${answer}\n`)
})

const refused: { name: string; line: string; code: number; says: RegExp; input?: string }[] = [
  {
    name: 'an unknown tenant',
    line: 'tokens list --tenant nobody',
    code: 1,
    says: /^There is no tenant of this name \(tenant_not_found\)$/,
  },
  {
    name: 'a tenant of a mistyped name',
    line: 'tokens list --tenant locl',
    code: 1,
    says: /^There is no tenant of this name: did you mean local\? \(tenant_not_found\)$/,
  },
  {
    name: 'an unknown server',
    line: 'servers show none',
    code: 1,
    says: /\(server_not_found\)$/,
  },
  { name: 'an unknown token', line: 'tokens revoke 00000000', code: 1, says: /_not_found\)$/ },
  { name: 'an unknown secret', line: 'secrets delete NONE', code: 1, says: /_not_found\)$/ },
  {
    name: 'a file that is not there',
    line: 'limits set none',
    code: 1,
    says: /none: no such file/,
  },
  {
    name: 'no JSON',
    line: 'limits set -',
    input: '{',
    code: 1,
    says: /input: it is not valid JSON/,
  },
  { name: 'no limits', line: 'limits set -', input: '[1]', code: 1, says: /\(invalid_config\)$/ },
  { name: 'no issuers', line: 'issuers set -', input: '{}', code: 1, says: /\(invalid_config\)$/ },
  { name: 'no servers', line: 'servers set package.json', code: 1, says: /has no "mcpServers"/ },
  { name: 'a duration', line: 'audit --since 1w', code: 2, says: /such as 15m, 24h or 30d\.$/ },
  { name: 'no value', line: 'secrets set A', code: 1, says: /^standard input holds no value$/ },
  {
    name: 'a value that is no text',
    line: 'secrets set A --from-file /proc/self/exe',
    code: 1,
    says: /exe: larger than 1048576 bytes$/,
  },
  {
    name: 'two values',
    line: 'secrets set A --from-env A --from-file B',
    code: 2,
    says: /two values/,
  },
  {
    name: 'no variable',
    line: 'secrets set A --from-env NOT_SET',
    code: 1,
    says: /NOT_SET is not set/,
  },
  { name: 'a value as argument', line: 'secrets set A hunter2', code: 2, says: /not an argument/ },
  { name: 'a value as option', line: 'secrets set A --value=hunter2', code: 2, says: /not an arg/ },
  { name: 'a value in the name', line: 'secrets set A=hunter2', code: 2, says: /is named as NAME/ },
  {
    name: 'a whole token in the place of its key id',
    line: `tokens revoke hearth_local_${'0'.repeat(8)}_${'hunter2'.repeat(9)}`,
    code: 2,
    says: /^a key id is the 8 hex digits/,
  },
]
test.each(refused)('$name: exit code $code', async ({ line, code, says, input }) => {
  const result = await tryHearth(line, input === undefined ? {} : { input })

  expect(result).toMatchObject({ code, stdout: '' })
  expect(result.stderr).toMatch(/^hearth: .*\n$/)
  expect(result.stderr.slice('hearth: '.length, -1)).toMatch(says)
  expect(result.stderr).not.toContain('hunter2')
})
