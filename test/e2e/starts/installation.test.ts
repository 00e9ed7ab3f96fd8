/** Servers whose package is installed first: whoever calls waits for it, and is told so. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { targetOf } from '#test/support/fixture-server.ts'
import { startGateway, type Gateway } from '#test/support/gateway.ts'
import { initialize, ModernClient, sendInitialize } from '#test/support/http-client.ts'
import { startNPMRegistry, type NPMRegistry } from '#test/support/npm-registry.ts'
import { waitUntil } from '#test/support/processes.ts'

const PACKAGE = resolve(import.meta.dirname, '../../fixtures/packages/plain-server')
const TIMEOUT_MS = 2_000
const NAMES = ['legacy', 'modern', 'catalog'] as const

let folder: string
let registry: NPMRegistry
let gateway: Gateway

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hearth-starts-'))
  registry = await startNPMRegistry([PACKAGE], folder)
  vi.stubEnv('npm_config_registry', registry.url)
})

afterAll(async () => {
  registry.close()
  await rm(folder, { recursive: true, force: true })
})

/** A gateway that has installed nothing; the package is held back until the function is called. */
async function startCold(): Promise<() => void> {
  const release = registry.hold()
  vi.stubEnv('npm_config_cache', await mkdtemp(join(folder, 'npm-')))
  const timeoutMs = { call: TIMEOUT_MS, start: TIMEOUT_MS }
  const servers = Object.fromEntries(
    NAMES.map((name) => {
      const args = ['-y', 'plain-server', name]
      return [name, { command: 'npx', args, cwd: folder, timeoutMs }]
    }),
  )
  gateway = await startGateway({ warm: false, servers })
  return release
}

const messages = (events: { method?: string; params?: Record<string, unknown> }[]) =>
  events
    .filter(({ method }) => method === 'notifications/progress')
    .map(({ params }) => params?.message)

test('neither a call nor a start ends while its package is installed, and clients hear of it', async () => {
  const release = await startCold()
  try {
    const downloads = registry.downloads()
    const modern = new ModernClient(targetOf(gateway, 'modern'))
    const called = modern.call('hello', {}, { progressToken: 'p' })
    const begun = sendInitialize(targetOf(gateway, 'legacy'))
    const leg = await initialize({ url: `${gateway.url}/mcp`, token: gateway.token })
    const ofCatalog = leg.call('catalog__hello', {}, { progressToken: 7 })
    await waitUntil(() => registry.downloads() > downloads, 'nothing was downloaded')
    await delay(2 * TIMEOUT_MS)
    release()

    const answer = await called
    expect(answer.message.result).toMatchObject({ content: [{ text: 'hello' }] })
    expect(messages(answer.events)).toContain('installing plain-server')
    expect((await begun).message.result).toMatchObject({ serverInfo: { name: 'plain-server' } })
    const through = await ofCatalog
    expect(through.message.result).toMatchObject({ content: [{ text: 'hello' }] })
    expect(messages(through.events)).toContain('installing plain-server')
    expect(registry.downloads()).toBe(downloads + 1)
  } finally {
    release()
    await gateway.stop()
  }
})
