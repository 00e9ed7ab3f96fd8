import { randomUUID } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rm, utimes } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { launchOf } from '#test/support/host-program.ts'
import { startLinkSession } from '#test/support/link-session.ts'
import type { LinkSession } from '#test/support/link-session.ts'
import { waitUntil } from '#test/support/processes.ts'
import { startNPMRegistry } from '#test/support/npm-registry.ts'
import type { NPMRegistry } from '#test/support/npm-registry.ts'
import { FRAME } from '#protocol/link/frame.ts'
import type { Launch, RefusedMeta } from '#protocol/link.ts'

const TINY = fileURLToPath(new URL('../../fixtures/packages/tiny-server', import.meta.url))
const LEANING = fileURLToPath(new URL('../../fixtures/packages/leaning-server', import.meta.url))
const NODE_MODULES = fileURLToPath(new URL('../../../node_modules', import.meta.url))

let folder: string
let registry: NPMRegistry
let session: LinkSession
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hearth-resolve-'))
  registry = await startNPMRegistry([TINY, LEANING], folder)
  session = await startLinkSession({
    HEARTH_CACHE: join(folder, 'cache'),
    HEARTH_NODE_MODULES: NODE_MODULES,
    npm_config_registry: registry.url,
    npm_config_cache: join(folder, 'npm'),
  })
})
afterAll(async () => {
  await session.host.stop()
  registry.close()
  await rm(folder, { recursive: true, force: true })
})

const npx = (name: string, args: string[]): Launch =>
  launchOf(name, { command: 'npx', args, cwd: folder })

async function refusal(launch: Launch, channel: number): Promise<RefusedMeta> {
  session.link.configure([launch])
  session.link.open(channel, launch.name)
  return session.link.takeMeta<RefusedMeta>(FRAME.refused, channel)
}

test('a package that is nowhere is installed once, and its program started directly', async () => {
  const launches = [1, 2, 3].map((n) => npx(`tiny-${n}`, ['-y', 'tiny-server', String(n)]))
  session.link.configure(launches)
  for (const n of [1, 2, 3]) session.link.open(n, `tiny-${n}`)

  for (const n of [1, 2, 3]) {
    expect(await session.call(n, 1)).toMatchObject({
      result: { args: [String(n)], execPath: process.execPath },
    })
  }
  expect(registry.downloads()).toBe(1)
  expect(await readdir(join(folder, 'cache', 'npm'))).toHaveLength(1)
})

test("Hearth's own packages are taken as they are", async () => {
  await session.open(4, npx('official', ['-y', '@modelcontextprotocol/server-everything']))
  const params = {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 't', version: '1' },
  }

  expect(await session.call(4, 1, params, 'initialize')).toMatchObject({
    result: { serverInfo: expect.anything() },
  })
  expect(registry.downloads()).toBe(1)
})

test('a package that does not exist is a failure that names it', async () => {
  expect(await refusal(npx('absent', ['-y', 'absent-package']), 5)).toMatchObject({
    code: 'server_start_failed',
    detail: expect.stringMatching(
      /^installing absent-package failed: E404: 404 Not Found - GET http/,
    ),
  })
  expect(await readdir(join(folder, 'cache', 'npm'))).toHaveLength(1)
})

test('what an installation left is removed at the next start, once no installation is that old', async () => {
  const cacheDir = join(folder, 'left')
  const key = '0123456789abcdef'.repeat(2)
  const names = { left: `${key}.${randomUUID()}`, young: `${key}.${randomUUID()}`, whole: key }
  for (const name of Object.values(names)) {
    await mkdir(join(cacheDir, 'npm', name, 'node_modules'), { recursive: true })
    const hours = name === names.young ? 0.9 : 1.1
    const at = new Date(Date.now() - hours * 3_600_000)
    await utimes(join(cacheDir, 'npm', name), at, at)
  }

  const { host } = await startLinkSession({ HEARTH_CACHE: cacheDir })
  const there = () => readdirSync(join(cacheDir, 'npm')).toSorted()
  await waitUntil(() => there().length < 3, 'nothing was removed')
  await host.stop()

  expect(there()).toEqual([names.young, names.whole].toSorted())
})

test('a package without such a command is a failure that names both', async () => {
  expect(await refusal(npx('other', ['-p', 'tiny-server', 'other']), 6)).toMatchObject({
    code: 'server_start_failed',
    detail: 'package tiny-server has no command other',
  })
})

test('a package is installed with what the one before it has installed', async () => {
  await session.open(8, npx('leaning', ['-y', 'leaning-server', 'lean']))

  expect(await session.call(8, 1)).toMatchObject({ result: { args: ['lean'] } })
  expect([registry.downloads('leaning-server'), registry.downloads('tiny-server')]).toEqual([1, 1])
})

test('and without what it does not need', async () => {
  await session.open(9, npx('exact', ['-y', 'tiny-server@1.2.3']))

  const cache = join(folder, 'cache', 'npm')
  const folders = (await readdir(cache)).map((one) => join(cache, one, 'node_modules'))
  const installed = await Promise.all(folders.map(async (one) => (await readdir(one)).toSorted()))
  const visible = installed.map((names) => names.filter((name) => !name.startsWith('.')).join())
  expect(visible.toSorted()).toEqual(['leaning-server,tiny-server', 'tiny-server', 'tiny-server'])
})
