/** The example of docs/transformers.md, built and served as its reader would. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { build } from 'esbuild'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readConfigFile } from '#cli/config-file.ts'
import { workerBuild } from '#cli/bundles.mjs'
import { targetOf } from '#test/support/fixture-server.ts'
import { startGateway, type Gateway } from '#test/support/gateway.ts'
import { initialize, ModernClient } from '#test/support/http-client.ts'

const ROOT = resolve(import.meta.dirname, '../../..')
const EXAMPLE = join(ROOT, 'examples/transformer')
const REGISTRY = join(ROOT, 'durable-objects/server-host/transform/registered.ts')

let gateway: Gateway
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hearth-example-'))
  const path = join(EXAMPLE, 'hearth.json')
  const { servers } = readConfigFile({ path, dataFolder: folder, environment: {} })
  gateway = await startGateway({
    servers,
    workerEntry: await buildWorker(),
  })
})

afterAll(async () => {
  await gateway?.stop()
  await rm(folder, { recursive: true, force: true })
})

/** The worker as it is once the example's registry has taken the place of ours. */
async function buildWorker(): Promise<string> {
  const outfile = join(folder, 'worker.js')
  const { outputFiles } = await build({
    ...workerBuild,
    entryPoints: [join(ROOT, 'test/fixtures/evictable-worker.mjs')],
    write: false,
    plugins: [
      {
        name: 'registry',
        setup: ({ onLoad }) => {
          onLoad({ filter: /transform\/registered\.ts$/ }, async ({ path }) => {
            if (path !== REGISTRY) return undefined
            const contents = await readFile(join(EXAMPLE, 'registered.ts'), 'utf8')
            return { contents, loader: 'ts', resolveDir: EXAMPLE }
          })
        },
      },
    ],
  })
  await writeFile(outfile, outputFiles[0]?.text ?? '')
  return outfile
}

test.each(['legacy', 'modern'])('the example converts for clients of the %s era', async (era) => {
  const target = targetOf(gateway, 'prices')
  const client = era === 'legacy' ? await initialize(target) : new ModernClient(target)
  const { message, events } = await client.call(
    'price',
    { item: 'coffee', currency: 'usd' },
    { progressToken: 'p' },
  )

  expect(message.result).toMatchObject({
    content: [{ type: 'text', text: 'coffee: $12.50' }],
    structuredContent: { item: 'coffee', currency: 'USD', usd: 12.5, eur: 11.5 },
  })
  expect(events.map(({ params }) => params?.message)).toEqual(['asking for US$ prices of coffee'])
})

test('options that the example does not understand fail its calls', async () => {
  const args = ['prices.mjs']
  await gateway.putServers({
    prices: {
      ...{ command: 'node', args, cwd: EXAMPLE, warm: 0 },
      transform: [{ use: 'custom', name: 'convert-currency', options: { rate: 'high' } }],
    },
  })
  const { message } = await (await initialize(targetOf(gateway, 'prices'))).call('price')

  expect(message.error).toMatchObject({
    message: 'A transformer of the gateway failed: the options of "convert-currency" are refused',
    data: { code: 'transform_failed' },
  })
})
