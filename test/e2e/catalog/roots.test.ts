/** A server is told of its client's roots where the configuration says so, and nowhere else. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fixture } from '#test/support/fixture-server.ts'
import { startGateway, type Gateway } from '#test/support/gateway.ts'
import { initialize, ModernClient, readTool } from '#test/support/http-client.ts'

const CAPABILITIES = { roots: {}, sampling: {} }
const servers = {
  legacy: fixture('tells-capabilities'),
  modern: fixture('tells-capabilities-modern'),
  'legacy-roots': fixture('tells-capabilities', { roots: true }),
  'modern-roots': fixture('tells-capabilities-modern', { roots: true }),
}
let gateway: Gateway

beforeAll(async () => {
  gateway = await startGateway({ servers })
})
afterAll(() => gateway?.stop())

test.each([
  ['legacy', 'legacy', ['sampling']],
  ['legacy', 'modern', ['sampling']],
  ['modern', 'legacy', ['sampling']],
  ['modern', 'modern', ['sampling']],
  ['legacy', 'legacy-roots', ['roots', 'sampling']],
  ['legacy', 'modern-roots', ['roots', 'sampling']],
  ['modern', 'legacy-roots', ['roots', 'sampling']],
  ['modern', 'modern-roots', ['roots', 'sampling']],
])('a %s client at /mcp, and at the URL of %s alone', async (era, server, capabilities) => {
  for (const [path, tool] of [
    ['/mcp', `${server}__tell`],
    [`/mcp/${server}`, 'tell'],
  ] as const) {
    const target = { url: gateway.url + path, token: gateway.token }
    const client =
      era === 'legacy'
        ? await initialize(target, CAPABILITIES)
        : new ModernClient(target, CAPABILITIES)
    const told = readTool<string[]>(await client.call(tool))
    expect(told.toSorted(), path).toEqual(capabilities)
  }
})
