/** `hearth status` beside a `hearth up` of its own. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { rootFolder } from '#cli/layout.ts'
import { VERSION } from '#protocol/version.ts'
import { killTree, runHearth, type Command, type Ready } from '#test/support/command.ts'
import { runVerb } from '#test/support/run-verb.ts'

const ALOUD = join(rootFolder, 'test', 'fixtures', 'servers', 'says-aloud.mjs')

let folder: string
let up: Command
let ready: Ready

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hearth-status-'))
  const mcpServers = { aloud: { command: 'node', args: [ALOUD] } }
  await writeFile(join(folder, 'hearth.json'), JSON.stringify({ mcpServers }))
  up = runHearth(['up', '--port', '0', '--json'], { cwd: folder })
  ready = await up.ready()
})

afterAll(async () => {
  await killTree(up)
  await rm(folder, { recursive: true, force: true })
})

const hearth = (...args: string[]) => runVerb(args, { cwd: folder })

test('beside npm start it says where, which version, since when, and how each server is', async () => {
  expect((await hearth('call', 'aloud', 'say', 'text=x')).code).toBe(0)

  const { code, stdout, stderr } = await hearth('status')

  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout).toMatch(
    new RegExp(
      `^Gateway  ${ready.url}, hearth ${VERSION}, up \\d+[sm]\nClients  ${ready.url}/mcp\n`,
    ),
  )
  expect(stdout).toMatch(/^Memory {3}\d+ MB used by Hearth and its servers, \d+ MB free$/m)
  expect(stdout).toMatch(/^aloud +ready +legacy .* \d+[sm] ago$/m)
  expect(stdout).not.toContain('Next:')
})

test('--json is one document of the same', async () => {
  const { stdout } = await hearth('status', '--json')

  expect(JSON.parse(stdout)).toMatchObject({
    gateway: { url: ready.url, version: VERSION, uptimeMs: expect.any(Number) },
    ...{ tenant: 'local', tenants: ['local'], servers: [{ name: 'aloud', ready: true }], next: [] },
    memory: { usedBytes: expect.any(Number), freeBytes: expect.any(Number) },
  })
})

test('a token of a tenant sees its own tenant, at a URL', async () => {
  const made = await hearth('tokens', 'create', 'admin', '--scope', 'admin:servers')
  const env = { HEARTH_TOKEN: made.stdout.trim(), HEARTH_URL: ready.url }

  const { code, stdout } = await runVerb(['status'], { cwd: folder, env })

  expect(code).toBe(0)
  expect(stdout).toContain('\nTenant   local\n')
  expect(stdout).not.toMatch(/^Memory|, up /m)
})

test('without a gateway it says how to start one, and exits with 1', async () => {
  expect(await hearth('status', '--data', join(folder, 'none'))).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^hearth: no gateway runs on .*: start one with hearth up/),
  })
})
