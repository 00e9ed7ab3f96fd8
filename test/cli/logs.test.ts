/** `hearth logs` beside a `hearth up` of its own. */
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { rootFolder } from '#cli/layout.ts'
import { killTree, runHearth, type Command } from '#test/support/command.ts'
import { waitUntil } from '#test/support/processes.ts'
import { runVerb } from '#test/support/run-verb.ts'

const FIXTURES = join(rootFolder, 'test', 'fixtures', 'servers')
const ALOUD = { command: 'node', args: [join(FIXTURES, 'says-aloud.mjs')] }
const LINE = /^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z {2}\d+ +(stderr|stdout) {2}(.*)$/

let folder: string
let commands: Command[]

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hearth-logs-'))
  const mcpServers = {
    aloud: ALOUD,
    apart: { ...ALOUD, placement: 'own' },
    quiet: { command: 'node', args: [join(FIXTURES, 'stays-alive.mjs')] },
    ends: { command: 'node', args: ['-e', "console.error('KEY is not set'); process.exit(1)"] },
  }
  await writeFile(join(folder, 'hearth.json'), JSON.stringify({ mcpServers }))
  const up = runHearth(['up', '--port', '0', '--json'], { cwd: folder })
  commands = [up]
  await up.ready()
})

afterAll(async () => {
  await Promise.all(commands.map(killTree))
  await rm(folder, { recursive: true, force: true })
})

const hearth = (...args: string[]) => runVerb(args, { cwd: folder })
const say = (server: string, text: string) => hearth('call', server, 'say', `text=${text}`)
const textsOf = (stdout: string) =>
  stdout
    .trimEnd()
    .split('\n')
    .map((line) => LINE.exec(line)?.[2] ?? line)

test('a line has its time, its process, its stream and its text; other servers have none of it', async () => {
  await say('aloud', 'first')
  const { stdout: pid } = await say('aloud', 'second')

  const { code, stdout, stderr } = await hearth('logs', 'aloud')

  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(textsOf(stdout)).toEqual(expect.arrayContaining(['begins', 'first', 'second']))
  expect(stdout).toMatch(new RegExp(`Z  ${pid.trim()} +stderr  second$`, 'm'))
  expect((await hearth('logs', 'ends')).stdout).not.toContain('second')
})

test('a server that does not start has printed why', async () => {
  await hearth('call', 'ends')

  expect(textsOf((await hearth('logs', 'ends')).stdout)[0]).toBe('KEY is not set')
})

test('a server of another placement is asked there', async () => {
  await say('apart', 'from afar')

  // A spare process may have begun since.
  expect(textsOf((await hearth('logs', 'apart')).stdout)).toContain('from afar')
})

test('--lines gives the newest, and says that there are others; --json is the answer as it is', async () => {
  await say('aloud', 'last')

  const { stdout, stderr } = await hearth('logs', 'aloud', '--lines', '1')
  expect(textsOf(stdout)).toEqual(['last'])
  expect(stderr).toBe('hearth: older lines are left out: --lines shows more\n')

  const answer = JSON.parse((await hearth('logs', 'aloud', '--json', '--lines', '1')).stdout)
  expect(answer).toEqual({
    ...{ isAwake: true, isCut: true },
    lines: [
      {
        ...{ time: expect.any(String), pid: expect.any(Number), stream: 'stderr', text: 'last' },
        callId: expect.anything(),
      },
    ],
  })
})

test('--since leaves out what is older', async () => {
  await say('aloud', 'recent')

  expect(textsOf((await hearth('logs', 'aloud', '--since', '1h')).stdout)).toContain('recent')
  const { stdout, stderr } = await hearth('logs', 'aloud', '--since', '1ms')
  expect({ stdout, stderr }).toEqual({
    stdout: '',
    stderr: 'hearth: the processes of aloud have printed nothing, or none has run of late\n',
  })
})

test('--follow goes on with each new line, once, until Ctrl-C', async () => {
  await say('aloud', 'before')
  const follow = runHearth(['logs', 'aloud', '-f', '--lines', '1'], { cwd: folder })
  commands.push(follow)
  await waitUntil(() => follow.stdout.length === 1, 'no first line')

  for (const text of ['same', 'same', 'and\u001b[31m red\u001b[0m']) await say('aloud', text)
  await waitUntil(() => follow.stdout.length >= 4, 'no further lines')
  follow.child.kill('SIGINT')
  await once(follow.child, 'exit')

  expect(textsOf(follow.stdout.join('\n'))).toEqual(['before', 'same', 'same', 'and red'])
})

test('a server that is not there is an error that names those that are', async () => {
  expect(await hearth('logs', 'alod')).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/did you mean aloud\? \(server_not_found\)\n$/),
  })
})
