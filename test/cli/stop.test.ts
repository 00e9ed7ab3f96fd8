/** What an orderly stop waits for: the running calls of every tenant, and the last lines of the log. */
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { rootFolder } from '#cli/layout.ts'
import { killTree, runHearth, type Command } from '#test/support/command.ts'
import { openSession } from '#test/support/legacy-session.ts'
import { waitUntil } from '#test/support/processes.ts'

const SLOW = {
  command: 'node',
  args: [join(rootFolder, 'test', 'fixtures', 'servers', 'slow-tool.mjs')],
}

let folder: string
let command: Command

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hearth-stop-'))
  const config = join(folder, 'mcp.json')
  await writeFile(config, JSON.stringify({ mcpServers: { slow: SLOW } }))
  command = runHearth([
    ...['up', '--json', '--port', '0'],
    ...['--config', config, '--data', join(folder, 'data')],
  ])
})

afterEach(async () => {
  await killTree(command)
  await rm(folder, { recursive: true, force: true })
})

/** Makes a tenant with the same server; resolves with a token of it. */
async function addTenant(url: string, tenant: string): Promise<string> {
  const secrets = await readFile(join(folder, 'data', 'secrets.json'), 'utf8')
  const { adminToken } = JSON.parse(secrets) as { adminToken: string }
  const send = async (method: string, path: string, body: object): Promise<{ token: string }> => {
    const response = await fetch(`${url}/admin/tenants/${tenant}${path}`, {
      ...{ method, body: JSON.stringify(body) },
      headers: { Authorization: `Bearer ${adminToken}`, 'Content-Type': 'application/json' },
    })
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
    return (await response.json()) as { token: string }
  }
  await send('PUT', '', {})
  await send('PUT', '/servers', { slow: SLOW })
  const { token } = await send('POST', '/tokens', { name: 'test', grants: { scopes: ['*'] } })
  return token
}

function stop(): Promise<number | null> {
  command.child.kill('SIGTERM')
  return command.exited
}

test('a running call of any tenant is answered before the end', async () => {
  const { url, servers } = await command.ready()
  const session = await openSession(servers[0]?.url ?? '', await addTenant(url, 'other'))
  const began = join(folder, 'began')
  const answer = session.call('tools/call', { name: 'any', arguments: { ms: 1500, began } })
  await waitUntil(() => existsSync(began), 'the call did not reach the server')

  const exitCode = await stop()

  expect((await answer).message.result).toEqual({ content: [] })
  expect(exitCode).toBe(0)
})

test('the line of each call is in the log, also of the last ones', async () => {
  const calls = 20
  const { url, token, servers } = await command.ready()
  const other = await addTenant(url, 'other')
  for (const bearer of [token, other]) {
    const session = await openSession(servers[0]?.url ?? '', bearer)
    for (let n = 0; n < calls; n++)
      await session.call('tools/call', { name: 'any', arguments: { ms: 0 } })
  }

  await stop()

  const lines = command.stderr.filter((line) => line.includes('"method":"tools/call"'))
  expect(lines).toHaveLength(2 * calls)
  for (const line of lines) expect(JSON.parse(line)).toMatchObject({ event: 'call', outcome: 'ok' })
})
