/** What `hearth up` says of its disk, and of a database that is damaged, and what is served meanwhile. */
import { execFileSync } from 'node:child_process'
import {
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { StorageWatch } from '#cli/storage-watch.ts'
import { killTree, runHearth, type Command, type Ready } from '#test/support/command.ts'
import { fixture } from '#test/support/fixture-server.ts'
import {
  initialize,
  LegacyClient,
  ModernClient,
  readTool,
  type Target,
} from '#test/support/http-client.ts'
import { waitUntil } from '#test/support/processes.ts'

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'hearth-storage-'))
  ends.push(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

async function start(folder: string): Promise<{ up: Command; ready: Ready; target: Target }> {
  const config = join(makeFolder(), 'mcp.json')
  writeFileSync(config, JSON.stringify({ mcpServers: { ticks: fixture('ticks') } }))
  const args = ['up', '--config', config, '--data', join(folder, 'data'), '--port', '0', '--json']
  const up = runHearth(args)
  ends.push(() => killTree(up))
  const ready = await up.ready()
  return { up, ready, target: { url: `${ready.url}/mcp/ticks`, token: ready.token } }
}

const says = (up: Command, text: string): Promise<void> =>
  waitUntil(() => up.stderr.some((line) => line.includes(text)), `nobody said: ${text}`)

/** As after a crash of the disk: what SQLite keeps beside the file is gone, too. */
function damage(folder: string, className: string): string {
  const [path = ''] = globSync(`data/storage/do/hearth-${className}/*.sqlite`, { cwd: folder })
    .map((found) => join(folder, found))
    .filter((found) => /[0-9a-f]{64}\.sqlite$/.test(found))
  for (const beside of ['-wal', '-shm']) rmSync(path + beside, { force: true })
  writeFileSync(path, Buffer.alloc(8_192, 'no database'))
  return path
}

test('a damaged database is named, with what is lost and what to do; the rest is served', async () => {
  const folder = makeFolder()
  const { up, target } = await start(folder)
  expect((await new ModernClient(target).call('pid')).status).toBe(200)
  await killTree(up)
  const path = damage(folder, 'LocalServerHost')

  const again = await start(folder)
  const answer = await new ModernClient(again.target).call('pid')

  expect(answer.message.error?.data).toMatchObject({ code: 'internal' })
  await says(
    again.up,
    `the database ${path} is damaged. The rest is served. It has a tenant's sessions`,
  )
  await says(again.up, 'Stop the gateway, move the file away together with its -wal and -shm')
  const other = await otherTenant(folder, again.ready)
  expect((await new ModernClient(other).call('pid')).status).toBe(200)

  await killTree(again.up)
  rmSync(path)
  const mended = await start(folder)
  expect((await new ModernClient(mended.target).call('pid')).status).toBe(200)
})

test('the database of the tenant that it serves is named before the start fails', async () => {
  const folder = makeFolder()
  const first = await start(folder)
  await killTree(first.up)
  damage(folder, 'Tenant')

  await expect(start(folder)).rejects.toThrow(/is damaged.* a tenant's servers, tokens, secrets/s)
})

async function otherTenant(folder: string, { url }: Ready): Promise<Target> {
  const secrets = JSON.parse(readFileSync(join(folder, 'data', 'secrets.json'), 'utf8')) as {
    adminToken: string
  }
  const send = async (method: string, path: string, body: object): Promise<Target> => {
    const response = await fetch(`${url}/admin/tenants/other/${path}`, {
      method,
      headers: { Authorization: `Bearer ${secrets.adminToken}` },
      body: JSON.stringify(body),
    })
    return (await response.json()) as Target
  }
  const { command, args } = fixture('ticks')
  await send('PUT', 'servers', { ticks: { command, args } })
  const { token } = await send('POST', 'tokens', { name: 'other' })
  return { url: `${url}/mcp/ticks`, token }
}

/** A disk of its own. Only root may mount one; `.ci/run` is. */
function makeDisk(megabytes: number): string {
  const folder = makeFolder()
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', folder])
  } catch (error) {
    throw new Error('this test mounts a small disk, which root alone may: run it as .ci/run does', {
      cause: error,
    })
  }
  ends.push(() => execFileSync('umount', ['-l', folder]))
  return folder
}

function fill(folder: string): string {
  const path = join(folder, 'filling')
  for (const size of [65_536, 4_096]) {
    try {
      for (;;) writeFileSync(path, Buffer.alloc(size), { flag: 'a' })
    } catch {
      // That piece did not fit any more.
    }
  }
  return path
}

test('on a full disk sessions go on, and what needs room is told so; both before and while it is full', async () => {
  const disk = makeDisk(8)
  const { up, target } = await start(disk)
  await says(up, 'is nearly full: ')
  const client = await initialize(target)

  const pid = readTool(await client.call('pid'))

  const filling = fill(disk)
  const refused = await initialize(target).catch((error: unknown) => String(error))

  expect(refused).toContain('"code":"storage_full"')
  for (let n = 0; n < 3; n++) {
    expect(readTool(await client.call('pid'))).toBe(pid)
    expect(await initialize(target).catch(String)).toContain('"code":"storage_full"')
  }
  await says(up, 'is full (0.0 MB free): calls that need to store something')
  expect((await new ModernClient(target).call('pid')).status).toBe(200)

  truncateSync(filling)
  await waitUntil(
    async () => typeof (await initialize(target).catch(String)) !== 'string',
    'nobody noticed that there is room',
    20_000,
  )
  const back = new LegacyClient(target, client.sessionId)
  expect((await back.call('pid')).status).toBe(200)
})

test('room that comes and goes is told once each', () => {
  const lines: string[] = []
  const folder = makeFolder()
  mkdirSync(join(folder, 'do'))
  const watch = (lowBytes: number): StorageWatch =>
    new StorageWatch({ folder, lowBytes, log: { write: (level) => lines.push(level) } })
  const low = watch(Infinity)
  for (let n = 0; n < 3; n++) low.look()
  watch(0).look()
  for (let n = 0; n < 3; n++) low.hear('Error: database or disk is full: SQLITE_FULL')

  expect(lines).toEqual(['warn', 'error'])
})
