/** On one machine servers run as the host program does: the same attacks as in a container. */
import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openDataFolder } from '#cli/data-folder.ts'
import { startLocalRuntime, type LocalRuntime } from '#cli/local-runtime.ts'
import { ServerConfigs } from '#protocol/server-config.ts'
import { LinkClient } from '#test/support/link-client.ts'

const FIXTURE = join(import.meta.dirname, '../fixtures/servers/echo.mjs')
const CELL = 'v1:local:main'

let runtime: LocalRuntime
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hearth-token-'))
  runtime = await startLocalRuntime({
    servers: ServerConfigs.parse({ echo: { command: 'node', args: [FIXTURE], warm: 1 } }),
    data: openDataFolder(folder),
    host: '127.0.0.1',
    port: 0,
    logLevel: 'error',
    onLine: () => undefined,
  })
  await runtime.admin.warm()
})

afterAll(async () => {
  await runtime?.stop()
  await rm(folder, { recursive: true, force: true })
})

test('no process shows the token of the host program in its environment or its command line', () => {
  const { token } = runtime.hostProcess
  const readable = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => read(pid, 'environ').includes(token) || read(pid, 'cmdline').includes(token))

  expect(token).toHaveLength(64)
  expect(read(String(runtime.hostProcess.pid), 'environ')).toContain('HEARTH_CACHE=')
  expect(readable).toEqual([])
})

test('without the token nothing is shown, and no link is taken', async () => {
  const { port, token } = runtime.hostProcess
  const url = `http://127.0.0.1:${port}/cells/${encodeURIComponent(CELL)}/console`
  const statusOf = async (headers: Record<string, string>) => (await fetch(url, { headers })).status
  const authorization = `Bearer ${token}`

  expect(await statusOf({ authorization })).toBe(200)
  expect(await statusOf({})).toBe(401)
  expect(await statusOf({ authorization, origin: 'https://hostile.example' })).toBe(403)
  const stranger = new LinkClient({ port, name: CELL, token: 'guessed' })
  await expect(stranger.connect()).rejects.toThrow('401')
})

test('the next life of the host program knows the same token', async () => {
  const { port, token } = runtime.hostProcess

  await runtime.hostProcess.crash()

  const link = new LinkClient({ port, name: 'v1:other:main', token })
  expect((await link.connect()).channels).toEqual([])
})

/** Empty for a process that is gone. */
function read(pid: string, file: 'environ' | 'cmdline'): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return ''
  }
}
