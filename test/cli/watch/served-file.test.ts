/** A change of the file that a real `hearth up` serves. */
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { rootFolder } from '#cli/layout.ts'
import { killTree, runHearth, type Command } from '#test/support/command.ts'
import { openSession } from '#test/support/legacy-session.ts'
import { runVerb } from '#test/support/run-verb.ts'
import { waitUntil } from '#test/support/processes.ts'

const SLOW = join(rootFolder, 'test', 'fixtures', 'servers', 'slow-tool.mjs')
const TOOL = { name: 'any', arguments: { ms: 0 } }

let folder: string
let file: string
let command: Command

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hearth-live-'))
  file = join(folder, 'mcp.json')
  await configure({ first: slow() })
})

afterEach(async () => {
  await killTree(command)
  await rm(folder, { recursive: true, force: true })
})

const slow = (more: object = {}) => ({ command: 'node', args: [SLOW], warm: 0, ...more })
const configure = (mcpServers: object) => save(JSON.stringify({ mcpServers }))
const said = () => command.stderr.join('\n')
const heard = (text: string) => waitUntil(() => said().includes(text), `not said: ${text}`)

/** As editors do it. */
async function save(text: string): Promise<void> {
  await writeFile(`${file}~`, text)
  await rename(`${file}~`, file)
}

async function up(...args: string[]) {
  const data = join(folder, 'data')
  command = runHearth(['up', '--config', file, '--data', data, '--port', '0', '--json', ...args], {
    env: { TOLD: 'a-value-of-the-environment' },
  })
  return command.ready()
}

const configurations = () =>
  command.stderr
    .filter((line) => line.startsWith('{"event":"configuration"'))
    .map((line) => JSON.parse(line) as Record<string, unknown>)

test('takes effect in about a second, and what is wrong changes nothing and is told', async () => {
  const { url, token } = await up()
  const first = await openSession(`${url}/mcp/first`, token)
  const call = async (session: { call: typeof first.call }) =>
    (await session.call('tools/call', TOOL)).status

  const changedAt = Date.now()
  await configure({ first: slow(), second: slow({ env: { KEY: '${TOLD}' } }) })
  await waitUntil(() => configurations().length === 1, 'the change was not told')
  expect(Date.now() - changedAt).toBeLessThan(2_000)
  const second = await openSession(`${url}/mcp/second`, token)
  expect([await call(first), await call(second)]).toEqual([200, 200])

  await save('{"mcpServers": {')
  await heard('not valid JSON')
  const kept = { second: slow({ env: { KEY: '${TOLD}' } }), third: slow() }
  await configure({ first: slow({ comand: 'node', warm: 99 }), ...kept })
  await waitUntil(() => configurations().length === 4, 'the problems were not told')
  expect([await call(first), await call(second)]).toEqual([200, 200])

  await configure({ second: slow({ env: { KEY: 'other' } }) })
  await waitUntil(() => configurations().length === 5, 'the last change was not told')
  expect([await call(first), await call(second)]).toEqual([404, 200])

  const [added, broken, others, refused, last] = configurations()
  expect(added).toMatchObject({ outcome: 'applied', added: ['second'], changed: [], removed: [] })
  expect(broken).toMatchObject({ outcome: 'refused', problems: [expect.any(String)] })
  expect(others).toMatchObject({ outcome: 'applied', added: ['third'], changed: [], removed: [] })
  expect(refused?.problems).toEqual([
    'mcpServers.first: unknown key "comand"; did you mean command?',
    'mcpServers.first.warm: must be at most 16; got 99',
  ])
  expect(last).toMatchObject({ outcome: 'applied', changed: ['second'] })
  expect(last?.removed).toEqual(['third', 'first'])
  expect(command.stdout).toHaveLength(1)
  expect(said()).not.toContain('a-value-of-the-environment')
})

test('a server with a problem is left out at the start, and the status says so until it is mended', async () => {
  const status = () =>
    runVerb(['servers', 'status', '--data', join(folder, 'data')], { env: { HEARTH_URL: '' } })
  await configure({ first: slow(), bad: { command: 'node', args: '--token=hunter2' } })
  const { url, token, servers } = await up()
  const why = 'mcpServers.bad.args: must be a list of strings; got a string of 15 characters'

  expect(servers.map(({ name }) => name)).toEqual(['first'])
  const session = await openSession(`${url}/mcp/first`, token)
  expect((await session.call('tools/call', TOOL)).status).toBe(200)
  expect(said()).toContain(`hearth: server "bad" is left out: ${why}`)
  expect((await status()).stderr).toBe(`hearth: server "bad" is left out: ${why}\n`)

  await configure({ first: slow(), bad: slow() })
  await waitUntil(() => configurations().length === 1, 'the change was not told')
  const { stdout, stderr } = await status()
  expect({ stderr, lists: /^bad /m.test(stdout) }).toEqual({ stderr: '', lists: true })
  expect(said()).not.toContain('hunter2')
})

test('a file that envFile names is a part of it, also one that is named later', async () => {
  const named = (name: string) => slow({ envFile: name })
  await writeFile(join(folder, 'one.env'), 'KEY=first')
  await configure({ first: named('one.env'), second: slow() })
  await up()

  await writeFile(join(folder, 'one.env'), 'KEY=other')
  await waitUntil(() => configurations().length === 1, 'the change of one.env was not told')
  await writeFile(join(folder, 'two.env'), 'KEY=a')
  await configure({ first: named('one.env'), second: named('two.env') })
  await waitUntil(() => configurations().length === 2, 'the change of the file was not told')
  await writeFile(join(folder, 'two.env'), 'KEY=b')
  await waitUntil(() => configurations().length === 3, 'the change of two.env was not told')
  await rm(join(folder, 'two.env'))
  await heard('cannot read')
  await writeFile(join(folder, 'two.env'), 'KEY=c')
  await waitUntil(() => configurations().length === 5, 'the file was not read again')

  expect(configurations().map(({ outcome, changed }) => changed ?? outcome)).toEqual([
    ...[['first'], ['second'], ['second'], 'refused', ['second']],
  ])
})

test('is not applied with --no-watch', async () => {
  const { url, token } = await up('--no-watch')

  await configure({ second: slow() })
  const session = await openSession(`${url}/mcp/first`, token)

  expect((await session.call('tools/call', TOOL)).status).toBe(200)
  expect(configurations()).toEqual([])
})
