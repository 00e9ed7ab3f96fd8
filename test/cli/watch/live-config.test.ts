/** What becomes of a configuration file that changes, by a clock of the test's. */
import { beforeEach, expect, test, vi, afterEach } from 'vitest'
import { DEFAULT_CATALOG } from '#protocol/catalog.ts'
import { ServerConfigs } from '#protocol/server-config.ts'
import type { FileConfig, ReadConfig } from '#cli/config-file.ts'
import { LiveConfig, type Reload } from '#cli/watch/live-config.ts'
import { toReloadLine, toReloadText } from '#cli/watch/reload-text.ts'

let file: ReadConfig | Error
let applied: FileConfig[]
let reloads: Reload[]
let live: LiveConfig
let applying: Promise<void>

beforeEach(() => {
  vi.useFakeTimers()
  ;[applied, reloads, applying] = [[], [], Promise.resolve()]
  file = configOf({ a: 'one' })
  live = new LiveConfig({
    applied: file,
    read() {
      if (file instanceof Error) throw file
      return file
    },
    async apply(config) {
      await applying
      applied.push(config)
    },
    onReload: (reload) => reloads.push(reload),
  })
})
afterEach(() => vi.useRealTimers())

function configOf(commands: Record<string, string>, settings = {}): ReadConfig {
  const servers = Object.entries(commands).map(([name, command]) => [name, { command }])
  return {
    servers: ServerConfigs.parse(Object.fromEntries(servers)),
    settings: { catalog: DEFAULT_CATALOG, routes: [], ...settings },
    refused: [],
    noted: [],
    envFiles: [],
    notes: [],
    asks: [],
  }
}

/** Until nothing is under way, the wait for an unfinished file included. */
async function settled(): Promise<void> {
  live.check()
  await vi.advanceTimersByTimeAsync(1_000)
}

test('what is added, changed and removed is applied once, and told', async () => {
  file = configOf({ a: 'other', b: 'new' })
  await settled()
  file = configOf({ b: 'new' }, { catalog: { ...DEFAULT_CATALOG, pageSize: 5 } })
  await settled()
  await settled()

  expect(applied).toHaveLength(2)
  expect(reloads.map(toReloadText)).toEqual([
    'the configuration has changed: added b; changed a',
    'the configuration has changed: removed a; settings catalog',
  ])
  expect(JSON.parse(toReloadLine(reloads[0] as Reload))).toEqual({
    ...{ event: 'configuration', outcome: 'applied', added: ['b'], changed: ['a'] },
    ...{ removed: [], settings: [] },
  })
})

test('an order of keys is no change', async () => {
  const env = { ONE: '1', TWO: '2' }
  const turned = { TWO: '2', ONE: '1' }
  file = { ...configOf({}), servers: ServerConfigs.parse({ a: { command: 'one', env } }) }
  await settled()
  file = { ...configOf({}), servers: ServerConfigs.parse({ a: { env: turned, command: 'one' } }) }
  await settled()

  expect(applied).toHaveLength(1)
})

test('what is wrong changes nothing, and is told with every problem, once', async () => {
  file = new Error('hearth.json: a.comand: unknown key\nhearth.json: b: must be an object')
  await settled()
  await settled()

  expect(applied).toEqual([])
  expect(reloads.map(toReloadText)).toEqual([
    'the configuration is not valid; what runs goes on:\n' +
      '  hearth.json: a.comand: unknown key\n  hearth.json: b: must be an object',
  ])
  file = configOf({ a: 'one' })
  await settled()
  expect(reloads.at(-1)).toEqual({ outcome: 'mended' })
  expect(applied).toEqual([])
})

test('a file that is only half written is not told of', async () => {
  file = new Error('not valid JSON')
  live.check()
  await vi.advanceTimersByTimeAsync(300)
  file = configOf({ b: 'new' })
  live.check()
  await vi.advanceTimersByTimeAsync(1_000)

  expect(reloads.map(({ outcome }) => outcome)).toEqual(['applied'])
})

test('changes that come while one is applied are taken together after it', async () => {
  const { promise, resolve } = Promise.withResolvers<void>()
  applying = promise
  file = configOf({ b: 'first' })
  live.check()
  for (const command of ['second', 'third']) {
    file = configOf({ b: command })
    live.check()
  }
  resolve()
  await vi.advanceTimersByTimeAsync(1_000)

  expect(applied).toEqual([configOf({ b: 'first' }), configOf({ b: 'third' })])
})

test('what the gateway refuses is told, and applied with the next change', async () => {
  applying = Promise.reject(new Error('PUT servers: 400 no'))
  applying.catch(() => undefined)
  file = configOf({ b: 'new' })
  await settled()
  expect(reloads).toEqual([{ outcome: 'refused', problems: ['PUT servers: 400 no'] }])

  applying = Promise.resolve()
  await settled()
  expect(applied).toEqual([configOf({ b: 'new' })])
})

test('nothing is told after the end', async () => {
  file = new Error('not valid JSON')
  live.check()
  live.close()
  await vi.advanceTimersByTimeAsync(1_000)

  expect(reloads).toEqual([])
})

test('a server whose entry becomes wrong goes on as it was, and the others change', async () => {
  const refused = [{ name: 'a', problems: ['a.args: must be a list of strings'] }]
  file = { ...configOf({ b: 'new' }), refused }
  await settled()
  await settled()
  file = configOf({ a: 'one', b: 'new' })
  await settled()

  expect(applied.map(({ servers }) => Object.keys(servers).toSorted())).toEqual([['a', 'b']])
  expect(reloads.map(toReloadText)).toEqual([
    'the configuration has changed: added b',
    'the configuration is not valid; what runs goes on:\n  a.args: must be a list of strings',
    'the configuration is valid again, and says what runs',
  ])
})

test('limits that are taken out of the file are a change', async () => {
  const limit = { name: 'x', per: 'tenant', algorithm: 'concurrency', limit: 1 }
  file = configOf({ a: 'one' }, { limits: [limit] })
  await settled()
  file = configOf({ a: 'one' })
  await settled()

  expect(reloads.map(toReloadText)).toEqual([
    'the configuration has changed: settings limits',
    'the configuration has changed: settings limits',
  ])
})
