/** Which of a server's lists are asked for again, and for whom, when clients can do different things. */
import { DatabaseSync } from 'node:sqlite'
import { expect, test, vi } from 'vitest'
import { ListedServer } from '#durable-objects/server-host/catalog/lists/listed-server.ts'
import { ListsStore } from '#durable-objects/server-host/catalog/lists/lists-store.ts'
import { Variants } from '#durable-objects/server-host/catalog/lists/variants.ts'

const PLAIN = '{}'
const SAMPLES = '{"sampling":{}}'
const ELICITS = '{"elicitation":{}}'

/** `offer`: the names of the tools for these capabilities; throws what the server fails with. */
function setUp(offer: (capabilities: string) => string[]) {
  const database = new DatabaseSync(':memory:')
  database.exec(`CREATE TABLE lists (
    digest TEXT, capabilities TEXT, kind TEXT, entries TEXT, notes TEXT, fetched INTEGER,
    PRIMARY KEY (digest, capabilities, kind))`)
  const exec = (query: string, ...values: (string | number)[]) => {
    const rows = database.prepare(query).all(...values)
    return { toArray: () => rows }
  }
  const store = new ListsStore({ exec } as never)
  const asked: string[] = []
  const listening = new Map<string, (payload: Uint8Array) => void>()
  const seen: string[] = []
  const changed = vi.fn<(kinds: string[]) => void>()
  const create = () =>
    new Variants((capabilities, role) => {
      return new ListedServer({
        ...{ of: { digest: 'd', capabilities }, store, role, onChanged: changed },
        late: { reason: undefined, took: () => undefined, failed: () => undefined },
        announced: () => Promise.resolve({ capabilities: { tools: {} } } as never),
        ask: (method, _params, { onEvent }) => {
          if (onEvent !== undefined) {
            listening.set(capabilities, onEvent)
            return Promise.resolve({ response: new Promise(() => {}), abandon: () => {} })
          }
          asked.push(capabilities)
          const tools = offer(capabilities).map((name) => ({ name, inputSchema: {} }))
          const response = toBytes({ id: 1, result: { tools } })
          return Promise.resolve({ response: Promise.resolve(response), abandon: () => {} })
        },
        examine: (tools) => {
          seen.push(`${capabilities} ${namesOf(tools).join()}`)
          return Promise.resolve()
        },
      })
    }, store.variants('d'))
  const announce = (): void => {
    listening.get(PLAIN)?.(toBytes({ method: 'notifications/tools/list_changed' }))
  }
  return { variants: create(), create, asked, listening, seen, changed, announce }
}

const toBytes = (message: object): Uint8Array =>
  new TextEncoder().encode(JSON.stringify({ jsonrpc: '2.0', ...message }))
const namesOf = (entries: readonly { name: string }[] | undefined): string[] =>
  (entries ?? []).map(({ name }) => name)

async function listAll(variants: Variants, ...sets: string[]): Promise<void> {
  for (const capabilities of sets) await variants.of(capabilities).fetch('tools')
}

test('one that lists as the first one does is not asked again when lists are old', async () => {
  const { variants, asked, listening } = setUp(() => ['a'])
  await listAll(variants, PLAIN, SAMPLES)
  asked.length = 0

  variants.refresh('tools', variants.of(SAMPLES), 0)

  await vi.waitFor(() => expect(asked).toEqual([PLAIN]))
  expect([...listening.keys()]).toEqual([PLAIN])
})

test('one that lists otherwise is asked again when its list is old', async () => {
  const { variants, asked } = setUp((capabilities) =>
    capabilities === ELICITS ? ['a', 'b'] : ['a'],
  )
  await listAll(variants, PLAIN, SAMPLES, ELICITS)
  asked.length = 0

  variants.refresh('tools', variants.of(ELICITS), 0)

  await vi.waitFor(() => expect(asked.toSorted()).toEqual([ELICITS, PLAIN]))
  expect(namesOf(variants.peek('tools', ELICITS))).toEqual(['a', 'b'])
  expect(namesOf(variants.peek('tools', SAMPLES))).toEqual(['a'])
})

test('those that list alike have the new list at once, and are compared again when they ask', async () => {
  let tools = ['a']
  const { variants, asked, seen, changed, announce } = setUp(() => tools)
  await listAll(variants, PLAIN, SAMPLES)
  ;[tools, asked.length, seen.length] = [['a', 'b'], 0, 0]

  announce()
  await vi.waitFor(() => expect(changed).toHaveBeenCalledWith(['tools'], false))

  expect(asked).toEqual([PLAIN])
  expect(seen).toEqual([`${PLAIN} a,b`, `${SAMPLES} a,b`])
  expect(namesOf(variants.peek('tools', SAMPLES))).toEqual(['a', 'b'])
  variants.refresh('tools', variants.of(SAMPLES), 60_000)
  await vi.waitFor(() => expect(asked).toEqual([PLAIN, SAMPLES]))
})

test('one that lists otherwise is asked again when the server says that it has changed', async () => {
  let earned = ['a', 'b']
  const { variants, asked, changed, announce } = setUp((capabilities) =>
    capabilities === ELICITS ? earned : ['a'],
  )
  await listAll(variants, PLAIN, SAMPLES, ELICITS)
  ;[earned, asked.length] = [['a', 'c'], 0]
  changed.mockClear()

  announce()

  await vi.waitFor(() => expect(changed).toHaveBeenCalled())
  expect(namesOf(variants.peek('tools', ELICITS))).toEqual(['a', 'c'])
  expect(asked.toSorted()).toEqual([ELICITS, PLAIN])
  // The list of the others is the same as before.
  expect(changed.mock.calls).toEqual([[['tools'], false]])
})

test('restored ones that nobody uses are not asked when the server says that it has changed', async () => {
  let version = 1
  const { variants, create, asked, changed } = setUp((capabilities) => [capabilities + version])
  await listAll(variants, ELICITS, SAMPLES, PLAIN)
  const restored = create()
  ;[asked.length, version] = [0, 2]
  changed.mockClear()

  restored.renew(['tools'])

  await vi.waitFor(() => expect(changed).toHaveBeenCalled())
  expect(asked).toHaveLength(1)
})

test('what is asked on nobody’s behalf is answered from what is known', async () => {
  const { variants, asked } = setUp(() => ['a'])
  await listAll(variants, ELICITS)

  expect(namesOf(variants.of(undefined).peek('tools'))).toEqual(['a'])
  expect(asked).toEqual([ELICITS])
})

test('a set that the server fails is not the one that is listened to', async () => {
  const { variants, listening } = setUp((capabilities) => {
    if (capabilities === SAMPLES) throw new Error('it does not start')
    return ['a']
  })
  await listAll(variants, SAMPLES).catch(() => undefined)

  await listAll(variants, PLAIN)

  expect([...listening.keys()]).toEqual([PLAIN])
})
