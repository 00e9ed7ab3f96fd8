import { describe, expect, test } from 'vitest'
import { DEFAULT_CATALOG, ServerCatalog } from '#protocol/catalog.ts'
import {
  CatalogIndex,
  type ServerLists,
} from '#durable-objects/server-host/catalog/catalog-index.ts'
import type { Entry } from '#durable-objects/server-host/catalog/entries.ts'
import type { ListKind } from '#durable-objects/server-host/translate/list-kinds.ts'
import { keepVisible } from '#durable-objects/server-host/catalog/visible.ts'
import { writePage } from '#durable-objects/server-host/catalog/page.ts'

const tool = (name: string, more = {}): Entry => ({ name, text: JSON.stringify({ name, ...more }) })
const resource = (uri: string): Entry => ({ name: uri, text: JSON.stringify({ uri, name: 'n' }) })

function part(
  server: string,
  lists: Partial<Record<ListKind, Entry[]>>,
  settings: Parameters<typeof ServerCatalog.parse>[0] = {},
): ServerLists {
  return { server, settings: ServerCatalog.parse(settings), offered: lists, shown: lists }
}

function index(...parts: ServerLists[]): CatalogIndex {
  return new CatalogIndex(parts, DEFAULT_CATALOG)
}

const texts = (made: CatalogIndex, kind: ListKind = 'tools'): unknown[] =>
  made.entries(kind).map(({ text }) => JSON.parse(text) as unknown)

test('entries are in the order of their names, whichever server answered first', () => {
  const [a, b] = [part('a', { tools: [tool('z'), tool('b')] }), part('b', { tools: [tool('a')] })]
  const names = (made: CatalogIndex) => made.entries('tools').map(({ exposed }) => exposed)
  expect(names(index(a, b))).toEqual(['a__b', 'a__z', 'b__a'])
  expect(names(index(b, a))).toEqual(names(index(a, b)))
})

test('what a server wrote stays byte for byte, but for the name', () => {
  const text = '{"title" : "T",  "name":"echo","x":1.50,"inputSchema":{"type":"object"}}'
  const made = index(part('a', { tools: [{ name: 'echo', text }] }))
  expect(made.entries('tools')[0]?.text).toBe(text.replace('"echo"', '"a__echo"'))
})

test('a name leads back', () => {
  const made = index(part('a', { tools: [tool('echo')], prompts: [tool('ask')] }))
  expect(made.find('tool', 'a__echo')).toEqual({ server: 'a', name: 'echo' })
  expect(made.find('prompt', 'a__ask')).toEqual({ server: 'a', name: 'ask' })
  expect(made.find('tool', 'b__echo')).toBeUndefined()
})

test('a server that was never listed may have it', () => {
  expect(index(part('a', {})).find('tool', 'a__new')).toEqual({ server: 'a', name: 'new' })
})

describe('what the configuration says of a server’s tools', () => {
  const tools = [tool('read'), tool('write'), tool('drop')]

  test('only what is allowed, and nothing that is denied', () => {
    const made = index(part('a', { tools }, { tools: { allow: ['*r*'], deny: ['dr*'] } }))
    expect(made.entries('tools').map(({ name }) => name)).toEqual(['read', 'write'])
    expect(made.find('tool', 'a__drop')).toBeUndefined()
    expect(made.find('tool', 'a__unlisted')).toBeUndefined()
  })

  test('another name, and nothing under the old one', () => {
    const made = index(part('a', { tools }, { tools: { overrides: { read: { name: 'look' } } } }))
    expect(made.find('tool', 'a__look')).toEqual({ server: 'a', name: 'read' })
    expect(made.find('tool', 'a__read')).toBeUndefined()
  })

  test('another title, description and annotations', () => {
    const own = tool('read', { description: 'old', annotations: { readOnlyHint: true } })
    const override = { title: 'T', description: 'new', annotations: { idempotentHint: true } }
    const made = index(part('a', { tools: [own] }, { tools: { overrides: { read: override } } }))
    expect(texts(made)).toEqual([
      {
        name: 'a__read',
        title: 'T',
        description: 'new',
        annotations: { readOnlyHint: true, idempotentHint: true },
      },
    ])
  })

  test('fixed arguments are not shown, those with a default are not required', () => {
    const inputSchema = {
      type: 'object',
      properties: { path: { type: 'string' }, limit: { type: 'number' }, key: { type: 'string' } },
      required: ['path', 'limit', 'key'],
    }
    const override = { arguments: { fixed: { key: 'k' }, defaults: { limit: 5 } } }
    const made = index(
      part(
        'a',
        { tools: [tool('read', { inputSchema })] },
        { tools: { overrides: { read: override } } },
      ),
    )
    expect(texts(made)).toMatchObject([
      {
        inputSchema: {
          properties: { path: { type: 'string' }, limit: { type: 'number', default: 5 } },
          required: ['path'],
        },
      },
    ])
    expect(JSON.stringify(texts(made))).not.toContain('key')
  })
})

test('names are of all that is offered, the list of what is shown', () => {
  const offered = { tools: [tool('echo'), tool('ask')] }
  const made = new CatalogIndex(
    [{ ...part('a', offered), shown: { tools: [tool('echo', { v: 2 })] } }, part('b', offered)],
    { ...DEFAULT_CATALOG, naming: 'conflict' },
  )
  expect(texts(made)).toMatchObject([
    { name: 'a__echo', v: 2 },
    { name: 'b__ask' },
    { name: 'b__echo' },
  ])
  expect(made.find('tool', 'a__ask')).toEqual({ server: 'a', name: 'ask' })
})

test('resources: unique URIs stay, others are namespaced', () => {
  const both = { resources: [resource('x://1'), resource('x://2')] }
  const made = index(part('a', both), part('b', { resources: [resource('x://2')] }))
  expect(made.entries('resources').map(({ exposed }) => exposed)).toEqual([
    'hearth://a/x://2',
    'hearth://b/x://2',
    'x://1',
  ])
  expect(made.find('resource', 'hearth://b/x://2')).toEqual({ server: 'b', name: 'x://2' })
  expect(made.find('resource', 'x://1')).toEqual({ server: 'a', name: 'x://1' })
  expect(made.find('resource', 'hearth://nobody/x://2')).toBeUndefined()
})

describe('what a principal sees', () => {
  const entries = index(
    part('a', { tools: [tool('read'), tool('write')] }),
    part('b', { tools: [tool('read')] }),
  ).entries('tools')
  const seen = (view: Parameters<typeof keepVisible>[2]) =>
    keepVisible(entries, 'tools', view).map(({ exposed }) => exposed)

  test('its servers alone', () => {
    expect(seen({ servers: ['b'] })).toEqual(['b__read'])
    expect(seen({})).toEqual([])
  })

  test('and of them what is granted', () => {
    const grants = { scopes: ['tools:call:a/read', 'servers:b'], deny: { tools: ['b/re*'] } }
    expect(seen({ servers: ['a', 'b'], grants })).toEqual(['a__read'])
  })
})

describe('pages', () => {
  const tools = Array.from({ length: 25 }, (_, n) => tool(`t${String(n).padStart(2, '0')}`))
  const read = (cursor?: unknown, from = tools) => {
    const entries = index(part('a', { tools: from })).entries('tools')
    const options = { era: 'legacy', pageSize: 10, cursor, missing: [], incomplete: [] } as const
    return JSON.parse(writePage(entries, 'tools', options)) as {
      tools: { name: string }[]
      nextCursor?: string
    }
  }

  test('each name once, and no cursor on the last', () => {
    const names: string[] = []
    let cursor: string | undefined
    do {
      const page = read(cursor)
      names.push(...page.tools.map(({ name }) => name))
      cursor = page.nextCursor
    } while (cursor !== undefined)
    expect(names).toEqual(tools.map(({ name }) => `a__${name}`))
  })

  test('a cursor means the same after the name that it stands for is gone', () => {
    const { nextCursor } = read()
    const [first] = read(
      nextCursor,
      tools.filter(({ name }) => name !== 't09'),
    ).tools
    expect(first?.name).toBe('a__t10')
  })

  test('are each principal’s own to a modern client, whoever sees the same', () => {
    const entries = index(part('a', { tools })).entries('tools')
    const options = {
      era: 'modern',
      pageSize: 100,
      cursor: undefined,
      missing: [],
      incomplete: [],
    } as const
    expect(JSON.parse(writePage(entries, 'tools', options))).toMatchObject({
      resultType: 'complete',
      cacheScope: 'private',
    })
  })

  test.each([[7], ['%%%'], ['x'.repeat(30_000)], [null]])('%j is no cursor', (cursor) => {
    expect(() => read(cursor)).toThrow('the cursor is none of this list')
  })
})
