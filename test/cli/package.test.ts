/** The published package, installed into an empty folder as a user would. */
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { rootFolder } from '#cli/layout.ts'
import { killTree, runHearth, type Command } from '#test/support/command.ts'
import { answerAsServer } from '#test/support/remote-launch.ts'
import { runVerb } from '#test/support/run-verb.ts'
import { WebOrigin } from '#test/support/web-origin.ts'
import { openSession } from '#test/support/legacy-session.ts'

const run = promisify(execFile)

let folder: string
let command: Command | undefined
let remote: WebOrigin

beforeAll(async () => {
  remote = await WebOrigin.start({ answer: answerAsServer() })
  folder = await mkdtemp(join(tmpdir(), 'hearth-package-'))
  const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', folder], {
    cwd: rootFolder,
  })
  const [packed] = JSON.parse(stdout) as { filename: string }[]
  await run(
    'npm',
    [
      'install',
      '--prefer-offline',
      '--no-audit',
      '--no-fund',
      join(folder, packed?.filename ?? ''),
    ],
    { cwd: folder },
  )
}, 180_000)

afterAll(async () => {
  await remote.close()
  if (command !== undefined) await killTree(command)
  await rm(folder, { recursive: true, force: true })
})

test('npx mcp-hearth serves a configuration in an empty folder', async () => {
  const memory = {
    command: 'npx',
    args: ['-y', '@modelcontextprotocol/server-memory'],
    env: { MEMORY_FILE_PATH: '${HEARTH_DATA}/memory.jsonl' },
  }
  const far = { url: remote.url, via: 'host', allowPrivate: true }
  await writeFile(join(folder, 'mcp.json'), JSON.stringify({ mcpServers: { memory, far } }))

  command = runHearth(['--config', 'mcp.json', '--port', '0', '--json'], {
    command: ['npx', 'mcp-hearth'],
    cwd: folder,
  })
  const { token, servers } = await command.ready()
  const session = await openSession(servers[0]?.url ?? '', token)
  const answer = await session.call('tools/call', { name: 'read_graph', arguments: {} })

  const away = await openSession(servers[1]?.url ?? '', token)
  const echoed = await away.call('tools/call', { name: 'echo', arguments: { from: 'afar' } })

  expect(answer.message.result?.structuredContent).toEqual({ entities: [], relations: [] })
  expect(echoed.message.result?.content).toMatchObject([{ text: '{"from":"afar"}' }])
})

test('it knows its version, and the commit that it was packed from', async () => {
  const told = await runVerb(['--version'], { command: ['npx', 'hearth'], cwd: folder })

  expect(told.stdout).toMatch(/^hearth \d+\.\d+\.\d+ \([0-9a-f]{7,}\)\n$/)
})

test('the other commands of the package find it in its folder', async () => {
  const npx = { command: ['npx', 'hearth'] as [string, string], cwd: folder }

  const made = await runVerb(['tokens', 'create', 'laptop'], npx)
  const listed = await runVerb(['tokens', 'list'], npx)

  expect(made).toMatchObject({ code: 0, stdout: expect.stringMatching(/^hearth_local_\S+\n$/) })
  expect(listed.stdout).toMatch(/ laptop /)
})
