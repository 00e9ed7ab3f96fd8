/** `hearth call`, as people type it, against a `hearth up` of its own. */
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { rootFolder } from '#cli/layout.ts'
import { killTree, runHearth, type Command, type Ready } from '#test/support/command.ts'
import { waitUntil } from '#test/support/processes.ts'
import { runVerb, type VerbOptions } from '#test/support/run-verb.ts'

const FIXTURES = join(rootFolder, 'test', 'fixtures', 'servers')

let folder: string
let gate: string
let up: Command
let ready: Ready

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hearth-call-'))
  gate = join(folder, 'gate')
  const mcpServers = {
    everything: { command: 'npx', args: ['-y', '@modelcontextprotocol/server-everything'] },
    aloud: { command: 'node', args: [join(FIXTURES, 'says-aloud.mjs')] },
    // Of each caller's own, so that the call starts it.
    late: {
      command: 'node',
      args: [join(FIXTURES, 'begins-when-told.mjs')],
      env: { GATE: gate, OWN: '${principal:OWN}' },
    },
    ends: { command: 'node', args: [join(FIXTURES, 'exits-at-once.mjs')] },
  }
  await writeFile(join(folder, 'hearth.json'), JSON.stringify({ mcpServers }))
  up = runHearth(['up', '--port', '0', '--json'], { cwd: folder })
  ready = await up.ready()
})

afterAll(async () => {
  await killTree(up)
  await rm(folder, { recursive: true, force: true })
})

/** A machine that is busy has no spare yet, or is slow: the call says so. */
const START = /^hearth: (starting \w+|waiting for \w+|\w+ waits for its turn to start)\n/gm

async function call(args: string[], options: VerbOptions = {}) {
  const result = await runVerb(['call', ...args], { cwd: folder, ...options })
  expect(result.stdout + result.stderr).not.toContain(ready.token)
  return { ...result, stderr: result.stderr.replace(START, '') }
}

test('a tool is called with key=value words, with JSON, and with what comes by standard input', async () => {
  expect(await call(['everything', 'echo', 'message=12'])).toEqual({
    ...{ code: 0, stdout: 'Echo: 12\n', stderr: '' },
  })
  expect((await call(['everything', 'get-sum', '{"a": 2, "b": 3}'])).stdout).toBe(
    'The sum of 2 and 3 is 5.\n',
  )
  const input = '{"message": "by pipe"}'
  expect((await call(['everything', 'echo', '-'], { input })).stdout).toBe('Echo: by pipe\n')
})

test('--json prints the result as it is', async () => {
  const { code, stdout } = await call(['everything', 'echo', 'message=x', '--json'])

  expect(code).toBe(0)
  expect(JSON.parse(stdout)).toMatchObject({ content: [{ type: 'text', text: 'Echo: x' }] })
})

test('without a tool, those of the server are listed with their arguments', async () => {
  const { code, stdout } = await call(['everything'])
  const { stdout: json } = await call(['everything', '--json'])

  expect(code).toBe(0)
  expect(stdout).toMatch(/^TOOL +ARGUMENTS +DESCRIPTION\n/)
  expect(stdout).toMatch(/^get-sum +a b +Returns the sum of two numbers$/m)
  expect(stdout).toMatch(/^get-annotated-message +messageType \[includeImage\] /m)
  expect(JSON.parse(json).tools[0].name).toBe('echo')
})

test('an image is a note, and --out writes it', async () => {
  const file = join(folder, 'tiny.png')

  const { code, stdout } = await call(['everything', 'get-tiny-image', '--out', file])

  expect(code).toBe(0)
  expect(stdout).toContain(`bytes: in ${file}]\n`)
  expect((await readFile(file)).subarray(1, 4).toString()).toBe('PNG')
})

test('progress is told on standard error while the tool runs', async () => {
  const name = 'trigger-long-running-operation'
  const { code, stderr } = await call(['everything', name, 'duration=0.2', 'steps=2'])

  expect(code).toBe(0)
  expect(stderr).toBe('hearth: progress 1/2\nhearth: progress 2/2\n')
})

test('with --json progress is told in a terminal alone', async () => {
  const name = 'trigger-long-running-operation'
  const { code, stderr } = await call(['everything', name, 'duration=0.2', 'steps=2', '--json'])

  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
})

test('a start that a call waits for is told from the first request on, and once', async () => {
  const scopes = ['--scope', '*', '--scope', 'secrets']
  const made = await runVerb(['tokens', 'create', 'owner', ...scopes], { cwd: folder })
  const env = { HEARTH_TOKEN: made.stdout.trim() }
  const own = ['secrets', 'set', 'OWN', '--principal', 'me']
  expect((await runVerb(own, { cwd: folder, input: 'any', env })).code).toBe(0)
  const waiting = runHearth(['call', 'late', 'tell'], { cwd: folder, env })
  const isTold = () => waiting.stderr.includes('hearth: starting late')
  await waitUntil(isTold, 'the start was not told', 60_000)
  await writeFile(gate, '')

  expect(await waiting.exited).toBe(0)
  expect(waiting.stderr.filter((line) => line.includes('starting late'))).toHaveLength(1)
})

test('one command after the other meets the same process', async () => {
  const answers = [await call(['aloud', 'say', 'text=a']), await call(['aloud', 'say', 'text=b'])]

  expect(answers[0]).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\n$/) })
  expect(answers[1]?.stdout).toBe(answers[0]?.stdout)
})

test.each([
  {
    name: 'a tool that fails',
    args: ['everything', 'get-sum', 'a=1'],
    says: /^hearth: the tool failed: .*expected number, received undefined at b\n/,
  },
  {
    name: 'a tool that is not there: those like it',
    args: ['everything', 'ecko'],
    says: /^hearth: everything has no tool "ecko" that this token may call; did you mean echo\? hearth call everything lists its \d+ tools\n$/,
  },
  {
    name: 'a server that is not there: those like it',
    args: ['everythin'],
    says: /^hearth: there is no server "everythin" for this token; did you mean everything\?\n$/,
  },
  {
    name: 'a server that does not start',
    args: ['ends'],
    says: /^hearth: The server .*\((server_start_failed|server_crash_loop|server_exited)\)\n/,
  },
  {
    name: 'no gateway',
    args: ['everything', '--url', 'http://127.0.0.1:1'],
    env: { HEARTH_TOKEN: 'some-token' },
    says: /^hearth: cannot reach the gateway: /,
  },
  {
    name: 'a token that nobody has',
    args: ['everything'],
    env: { HEARTH_TOKEN: `hearth_local_00000000_${'0'.repeat(64)}` },
    says: /^hearth: A valid bearer token is needed.*\(unauthorized\)\n$/,
  },
  {
    name: 'no token of another tenant',
    args: ['everything', '--tenant', 'acme'],
    says: /^hearth: set HEARTH_TOKEN to a token of the tenant acme: hearth tokens create NAME --tenant acme makes one\n$/,
  },
])('exit code 1, nothing on standard output, and why: $name', async ({ args, env = {}, says }) => {
  const { code, stdout, stderr } = await call(args, { env })

  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  expect(stderr).toMatch(says)
})

test('a result that is an error is exit code 1 with --json, too', async () => {
  const { code, stdout } = await call(['everything', 'get-sum', 'a=1', '--json'])

  expect(code).toBe(1)
  expect(JSON.parse(stdout)).toMatchObject({ isError: true })
})

test('an argument that cannot be is exit code 2', async () => {
  expect(await call(['everything', 'get-sum', 'a=one', 'b=2'])).toMatchObject({
    code: 2,
    stderr: 'hearth: the argument "a" must be number, as JSON: "one" is not\n',
  })
})

test('a terminal obeys nothing that a tool answers', async () => {
  const command = `node ${join(rootFolder, 'cli', 'hearth.mjs')} call everything echo 'message=a\u001b[31mb'`
  const terminal = spawn('script', ['-qec', command, '/dev/null'], { cwd: folder })

  expect(await text(terminal.stdout)).toBe('Echo: a\\u{1b}[31mb\r\n')
})

test('a token of a tenant of one’s own calls its servers', async () => {
  const made = await runVerb(['tokens', 'create', 'caller'], { cwd: folder })
  const env = { HEARTH_TOKEN: made.stdout.trim() }

  const { stdout } = await call(['everything', 'echo', 'message=x', '--url', ready.url], { env })

  expect(stdout).toBe('Echo: x\n')
})
