/** Lists that are kept for clients of other capabilities: they cost a process when somebody wants them. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test, vi } from 'vitest'
import { fixture } from '#test/support/fixture-server.ts'
import { startGateway, type Gateway } from '#test/support/gateway.ts'
import { initialize, ModernClient } from '#test/support/http-client.ts'
import { childrenOf } from '#test/support/processes.ts'

vi.setConfig({ testTimeout: 60_000 })

const dataFolder = mkdtempSync(join(tmpdir(), 'hearth-variants-'))
const TOOLS = join(dataFolder, 'tools.json')
const servers = { changes: fixture('tools-of-file', { env: { TOOLS } }) }
const CLIENTS = [{}, { elicitation: {} }, { sampling: {} }, { roots: {} }]

let gateway: Gateway

afterAll(async () => {
  await gateway?.stop()
  rmSync(dataFolder, { recursive: true, force: true })
})

const target = () => ({ url: `${gateway.url}/mcp`, token: gateway.token })

test('those of before a restart start none when the server says that its list has changed', async () => {
  writeFileSync(TOOLS, '["first"]')
  gateway = await startGateway({ servers, dataFolder, warm: false })
  for (const capabilities of CLIENTS) {
    await new ModernClient(target(), capabilities).request('tools/list')
  }
  await gateway.stop()
  gateway = await startGateway({ servers, dataFolder, warm: false })
  const session = await initialize(target())
  const stream = await session.stream()
  await session.call('changes__first')

  writeFileSync(TOOLS, '["first","second"]')

  await stream.message(({ method }) => method === 'notifications/tools/list_changed')
  await vi.waitFor(async () => {
    const { message } = await new ModernClient(target()).request('tools/list')
    expect(JSON.stringify(message.result)).toContain('changes__second')
  })
  // The session's own, the one that was asked for the list, and the one of the client that listed it now.
  expect(childrenOf(gateway.hostProgramPid, 'tools-of-file').length).toBeLessThanOrEqual(3)
  stream.disconnect()
})
