/** What a former version kept of a server that it had wrongly taken for a modern one. */
import { globSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { deserialize, serialize } from 'node:v8'
import { afterAll, expect, test, vi } from 'vitest'
import { fixture } from '#test/support/fixture-server.ts'
import { startGateway, type Gateway } from '#test/support/gateway.ts'
import { ModernClient } from '#test/support/http-client.ts'

vi.setConfig({ testTimeout: 60_000 })

const dataFolder = mkdtempSync(join(tmpdir(), 'hearth-former-'))
const odd = fixture('answers-oddly')
const servers = { odd: { ...odd, args: [...(odd.args ?? []), '{"server/discover":{}}'] } }
/** Before lists had notes. */
const FORMER_SCHEMA = 8

let gateway: Gateway

afterAll(async () => {
  await gateway?.stop()
  rmSync(dataFolder, { recursive: true, force: true })
})

async function listed(): Promise<unknown> {
  const target = { url: `${gateway.url}/mcp`, token: gateway.token }
  const { message } = await new ModernClient(target).request('tools/list')
  const { tools = [] } = (message.result ?? {}) as { tools?: { name: string }[] }
  return tools.map(({ name }) => name)
}

/** The database of the server host as the version before wrote it. */
function makeFormer(database: DatabaseSync): void {
  const [key] = database.prepare("SELECT value FROM _cf_KV WHERE key = 'schema'").all()
  expect(deserialize(key?.value as Uint8Array)).toBeGreaterThan(FORMER_SCHEMA)
  const former = database.prepare("UPDATE _cf_KV SET value = ? WHERE key = 'schema'")
  former.run(serialize(FORMER_SCHEMA))
  database.exec('ALTER TABLE lists DROP COLUMN notes')
  database.exec('DROP TABLE pinned_servers; DROP TABLE late_lists')
  database.exec("UPDATE lists SET entries = '[]'")
  database.exec("UPDATE eras SET discover = '{}', initialize = initialize")
}

test('does not keep its tools from clients', async () => {
  gateway = await startGateway({ servers, dataFolder, warm: false })
  await gateway.admin('PUT', 'catalog', { listTimeoutMs: 20_000 })
  expect(await listed()).toEqual(['odd__hi'])
  await gateway.stop()
  const files = globSync('**/*ServerHost/*.sqlite', { cwd: dataFolder })
  const former = files.flatMap((file) => {
    const database = new DatabaseSync(join(dataFolder, file))
    const tables = database.prepare("SELECT 1 FROM sqlite_master WHERE name = 'lists'").all()
    if (tables.length > 0) makeFormer(database)
    database.close()
    return tables
  })
  expect(former).toHaveLength(1)

  gateway = await startGateway({ servers, dataFolder, warm: false })

  expect(await listed()).toEqual(['odd__hi'])
})
