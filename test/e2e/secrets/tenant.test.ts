/** `${secret:…}` with real processes: who gets a value, when, and who never sees it. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { openDataFolder } from '#cli/data-folder.ts'
import { fixture, targetOf } from '#test/support/fixture-server.ts'
import { startGateway, type Gateway } from '#test/support/gateway.ts'
import { initialize, ModernClient, sendInitialize, type Answer } from '#test/support/http-client.ts'
import { isRunning, waitUntil, waitUntilGone } from '#test/support/processes.ts'
import { formsOf, hash, readGiven } from './given.ts'

const FIRST = 'f1rst "quoted" & pässword/+='
const ARGUMENT = 'argument-value-0123456789'
const LINES = 'line one of a key\nline two of a key\r\nline three of a key\n'
const SECOND = 's3cond-value-of-the-same-secret'
const VALUES = [FIRST, ARGUMENT, SECOND, ...LINES.trim().split(/\r?\n/)]

const given = { GIVEN_A: 'a=${secret:A}', GIVEN_LINES: '${secret:LINES}' }
const args = (name: string) => [...(fixture(name).args ?? []), '--key=${secret:ARGUMENT}']
const servers = {
  legacy: fixture('tells-secrets', { env: given, args: args('tells-secrets') }),
  modern: fixture('tells-secrets-modern', { env: given, args: args('tells-secrets-modern') }),
  shared: fixture('tells-secrets', { env: given, sharing: 'shared' }),
  warm: fixture('tells-secrets', { env: { GIVEN_A: '${secret:CHANGING}' }, warm: 1 }),
  lacking: fixture('tells-secrets', { env: { GIVEN_A: '${secret:NOT_SET}${secret:A}' } }),
  refusing: fixture('refuses-its-secret', { env: { GIVEN: '${secret:A}' } }),
  dying: fixture('dies-of-its-secret', {
    env: { GIVEN: '${secret:A}' },
    args: args('dies-of-its-secret'),
  }),
  absent: fixture('x', { command: 'npx', args: ['-y', 'absent-${secret:ARGUMENT}'] }),
  plain: fixture('tells-secrets', { env: { GIVEN_A: 'plain text' } }),
}

const folder = mkdtempSync(join(tmpdir(), 'hearth-secrets-'))
const answers: Answer[] = []
let gateway: Gateway

/** Has no package: an installation fails at once, and quotes what it asked for. */
const registry = createServer((_request, response) => response.writeHead(404).end('{}'))

beforeAll(async () => {
  await once(registry.listen(0, '127.0.0.1'), 'listening')
  const { port } = registry.address() as AddressInfo
  vi.stubEnv('npm_config_registry', `http://127.0.0.1:${port}/`)
  gateway = await startGateway({ servers: {}, dataFolder: join(folder, 'data'), logLevel: 'debug' })
  for (const [name, value] of Object.entries({ A: FIRST, ARGUMENT, LINES, CHANGING: FIRST })) {
    await put(name, value)
  }
  await gateway.putServers(servers)
})

afterAll(async () => {
  await gateway?.stop()
  registry.close()
  rmSync(folder, { recursive: true, force: true })
})

const put = (name: string, value: string) => gateway.admin('PUT', `secrets/${name}`, { value })
const target = (name: string) => targetOf(gateway, name)
async function ask(name: string, era: 'legacy' | 'modern' = 'legacy'): Promise<Answer> {
  const client = era === 'legacy' ? await initialize(target(name)) : new ModernClient(target(name))
  return keep(await client.call('given'))
}
/** Its process has the call. */
function untilHeld(file: string): Promise<void> {
  return waitUntil(async () => (await gateway.console()).includes(`holds ${file}`), 'not held')
}
function keep(answer: Answer): Answer {
  answers.push(answer)
  return answer
}

describe('a value reaches the process', () => {
  const cases = [
    { server: 'legacy', era: 'legacy' },
    { server: 'legacy', era: 'modern' },
    { server: 'modern', era: 'legacy' },
    { server: 'modern', era: 'modern' },
  ] as const
  test.each(cases)('of a $server server for a $era client', async ({ server, era }) => {
    expect(readGiven(await ask(server, era))).toMatchObject({
      env: { GIVEN_A: hash(`a=${FIRST}`), GIVEN_LINES: hash(LINES) },
      args: [hash(`--key=${ARGUMENT}`)],
    })
  })

  test('that all sessions share', async () => {
    const [one, two] = [readGiven(await ask('shared')), readGiven(await ask('shared'))]

    expect(one.env.GIVEN_A).toBe(hash(`a=${FIRST}`))
    expect(two).toEqual(one)
  })
})

describe('a secret that is not set', () => {
  test.each(['legacy', 'modern'] as const)(
    'is told to a %s client by its reference',
    async (era) => {
      const answer =
        era === 'legacy'
          ? await sendInitialize(target('lacking'))
          : await new ModernClient(target('lacking')).call('given')

      expect(keep(answer).status).toBe(200)
      expect(answer.message.error).toMatchObject({
        code: -32003,
        message: 'The server needs a secret that is not set: ${secret:NOT_SET}',
        data: { code: 'secret_missing', retryable: false, missing: ['${secret:NOT_SET}'] },
      })
      expect(readGiven(await ask('plain')).env.GIVEN_A).toBe(hash('plain text'))
    },
  )

  test('is told when the servers are warmed, and heals when it is set', async () => {
    const report = await gateway.admin<{ servers: object[] }>('POST', 'warm')
    expect(report.servers).toContainEqual({
      name: 'lacking',
      ready: false,
      eras: [],
      error: 'The server needs a secret that is not set: ${secret:NOT_SET}',
    })

    await put('NOT_SET', SECOND)
    expect(readGiven(await ask('lacking')).env.GIVEN_A).toBe(hash(`${SECOND}${FIRST}`))

    const session = await initialize(target('lacking'))
    await gateway.admin('DELETE', 'secrets/NOT_SET')
    expect((await sendInitialize(target('lacking'))).message.error?.data?.code).toBe(
      'secret_missing',
    )
    expect((await session.call('given')).status).toBe(200)
  })
})

describe('a changed secret', () => {
  test('is for new processes: running calls end on the old one, which then goes', async () => {
    await put('CHANGING', FIRST)
    const before = await initialize(target('warm'))
    const { pid } = readGiven(keep(await before.call('given')))
    const file = join(folder, 'release-warm')
    const running = before.call('hold', { file })
    await untilHeld(file)

    await put('CHANGING', SECOND)
    const after = readGiven(await ask('warm'))
    const modern = readGiven(await ask('warm', 'modern'))
    writeFileSync(file, '')

    expect([after.env.GIVEN_A, modern.env.GIVEN_A]).toEqual([hash(SECOND), hash(SECOND)])
    expect(readGiven(keep(await running))).toMatchObject({ pid, env: { GIVEN_A: hash(FIRST) } })
    await waitUntilGone(pid)
    expect(readGiven(keep(await before.call('given'))).env.GIVEN_A).toBe(hash(SECOND))
  })

  test.each(['legacy', 'modern'] as const)(
    'lets a running call of a %s server end on its old process, which then goes',
    async (server) => {
      const client = new ModernClient(target(server))
      const { pid } = readGiven(keep(await client.call('given')))
      const file = join(folder, `release-${server}`)
      const running = client.call('hold', { file })
      await untilHeld(file)

      await put('ARGUMENT', `${ARGUMENT}-2`)
      const after = readGiven(keep(await client.call('given')))
      expect(after.args).toEqual([hash(`--key=${ARGUMENT}-2`)])
      expect(after.pid).not.toBe(pid)
      expect(isRunning(pid)).toBe(true)
      writeFileSync(file, '')

      expect(readGiven(keep(await running))).toMatchObject({
        pid,
        args: [hash(`--key=${ARGUMENT}`)],
      })
      await waitUntilGone(pid)
      await put('ARGUMENT', ARGUMENT)
    },
  )
})

test('the reason of a failed start quotes no value', async () => {
  const failures = ['refusing', 'dying', 'absent']
  const refused = await Promise.all(failures.map((name) => sendInitialize(target(name))))
  const texts = refused.map((answer) => keep(answer).message.error?.message)

  expect(texts[0]).toBe(
    'The server could not be started: initialize was refused: not a valid token: [redacted]',
  )
  expect(texts[1]).toMatch(/^The server could not be started: the process exited with code 1/)
  expect(texts[2]).toMatch(
    /^The server could not be started: installing absent-\[redacted\] failed/,
  )
})

test('no log line, console line or answer holds a value, in whatever form it was printed', async () => {
  const logs = (await gateway.allLogs()).join('\n')
  const console = await gateway.console()
  expect(logs).toContain('process_started')
  expect(console).toContain('as it is a=[redacted]')
  expect(console).toContain('cannot use [redacted] and --key=[redacted]')

  const seen = [
    logs,
    console,
    JSON.stringify(answers.map(({ message, events }) => [message, events])),
  ]
  for (const text of seen) {
    for (const form of VALUES.flatMap(formsOf)) expect(text.indexOf(form), form).toBe(-1)
  }
})

test('no file of the data folder holds a value', async () => {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile())
  const stored = Buffer.concat(
    await Promise.all(files.map(({ parentPath, name }) => readFile(join(parentPath, name)))),
  )

  expect(stored.includes('secret.put')).toBe(true)
  expect(stored.includes('${secret:ARGUMENT}')).toBe(true)
  for (const form of VALUES.flatMap(formsOf)) expect(stored.indexOf(form), form).toBe(-1)
})

test('no process has a value that is not its own, and the list of processes shows arguments alone', async () => {
  const { pid } = readGiven(await ask('plain'))
  const { pid: legacy } = readGiven(await ask('legacy'))
  const { masterKey } = openDataFolder(join(folder, 'data')).secrets
  const hidden = [FIRST, SECOND, LINES, masterKey]

  for (const other of [pid, gateway.hostProgramPid]) {
    expect(environmentOf(other)).toContain('PATH=')
    for (const value of [...hidden, ARGUMENT]) expect(environmentOf(other)).not.toContain(value)
  }
  expect(environmentOf(legacy)).toContain(FIRST)
  const commandLines = readProcesses('cmdline')
  expect(commandLines).toContain(ARGUMENT)
  for (const value of hidden) expect(commandLines).not.toContain(value)
})

function environmentOf(pid: number): string {
  return readFileSync(`/proc/${pid}/environ`, 'utf8')
}

/** One file of every process of the machine. */
function readProcesses(file: string): string {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  const texts = pids.map((pid) => {
    try {
      return readFileSync(`/proc/${pid}/${file}`, 'utf8')
    } catch {
      return '' // gone by now, or another user's
    }
  })
  return texts.join('\n')
}
