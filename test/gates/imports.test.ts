/** Which folder may import which: arrows point down, and no files import each other in a circle. */
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize, resolve } from 'node:path'
import { expect, test } from 'vitest'

const ROOT = resolve(import.meta.dirname, '../..')
const SERVER_HOST = 'durable-objects/server-host/'

/** From the top: each may import those after it. Files beside the folders are the top, unless they are named. */
const ORDER = [
  'server-host.ts',
  'session',
  'stateless',
  'subscriptions',
  'host-context.ts',
  'store',
  'routing',
  'transform',
  'catalog',
  'guard',
  'call',
  'processes',
  'translate',
]

/** What each file imports of ours, by path from the root. */
function readImports(): Map<string, string[]> {
  const patterns = ['protocol', 'worker', 'durable-objects', 'container', 'cli']
  const files = globSync(
    patterns.map((folder) => `${folder}/**/*.ts`),
    { cwd: ROOT },
  )
  return new Map(files.map((file) => [file, importsOf(file)]))
}

function importsOf(file: string): string[] {
  const text = readFileSync(join(ROOT, file), 'utf8')
  const found = [...text.matchAll(/(?:from|import)\s+'([.#][^']+\.ts)'/g)]
  return found.map(([, path = '']) => {
    return path.startsWith('#') ? path.slice(1) : normalize(join(dirname(file), path))
  })
}

function rankOf(file: string): number {
  const [first = ''] = file.slice(SERVER_HOST.length).split('/')
  return Math.max(0, ORDER.indexOf(first))
}

const IMPORTS = readImports()

test('in the object, no folder imports one above it', () => {
  const up = [...IMPORTS].flatMap(([file, imported]) => {
    if (!file.startsWith(SERVER_HOST)) return []
    const above = imported.filter(
      (one) => one.startsWith(SERVER_HOST) && rankOf(one) < rankOf(file),
    )
    return above.map((one) => `${file} -> ${one}`)
  })

  expect(up).toEqual([])
})

test('each folder of the object has its place', () => {
  const inside = [...IMPORTS.keys()].filter((file) => file.startsWith(SERVER_HOST))
  const folders = inside
    .map((file) => file.slice(SERVER_HOST.length).split('/'))
    .filter((parts) => parts.length > 1)

  expect(
    [...new Set(folders.map(([first]) => first))].filter((name) => !ORDER.includes(name ?? '')),
  ).toEqual([])
})

test('no files import each other in a circle', () => {
  const state = new Map<string, 'open' | 'done'>()
  const circles: string[] = []
  const visit = (file: string, way: readonly string[]): void => {
    if (state.get(file) === 'open')
      circles.push([...way.slice(way.indexOf(file)), file].join(' -> '))
    if (state.has(file)) return
    state.set(file, 'open')
    for (const next of IMPORTS.get(file) ?? []) visit(next, [...way, file])
    state.set(file, 'done')
  }
  for (const file of IMPORTS.keys()) visit(file, [])

  expect(circles).toEqual([])
})
