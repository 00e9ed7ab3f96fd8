import { mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { keptBundle } from '#cli/kept-bundle.mjs'

const INPUTS = ['entry.ts', 'other.ts']

let root: string
/** How often it was built. */
let builds: number

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'hearth-bundle-'))
  builds = 0
  for (const name of INPUTS) await put(name, `of ${name}`)
})

afterEach(() => rm(root, { recursive: true, force: true }))

/** Written before any bundle, as far as its time tells. */
async function put(name: string, content: string): Promise<void> {
  await writeFile(join(root, name), content)
  await utimes(join(root, name), 1, 1)
}

const keep = (from = 'options', whileBuilding?: () => Promise<void>) =>
  keptBundle({
    file: join(root, 'cache', 'kept.js'),
    root,
    from,
    build: async () => {
      builds++
      const texts = INPUTS.map((name) => readFile(join(root, name), 'utf8'))
      const text = `${(await Promise.all(texts)).join('\n')}\n`
      await whileBuilding?.()
      return { text, inputs: INPUTS }
    },
  })

const bundle = async (...options: Parameters<typeof keep>): Promise<string> =>
  (await keep(...options)).text

test('is built once, and is the same text from then on', async () => {
  const first = await bundle()

  expect(await bundle()).toBe(first)
  expect(first).toBe('of entry.ts\nof other.ts\n')
  expect(builds).toBe(1)
})

test('is built again when a file has another content, at the same time and of the same length', async () => {
  await bundle()
  await put('other.ts', 'of 0ther.ts')

  expect(await bundle()).toContain('of 0ther.ts')
  expect(builds).toBe(2)
})

test('is built again when what one file lost another one gained', async () => {
  await bundle()
  await put('entry.ts', 'of entry')
  await put('other.ts', '.tsof other.ts')

  expect(await bundle()).toContain('.tsof other.ts')
})

test('is built again with other options, and when a file has gone', async () => {
  await bundle()
  await bundle('other options')
  expect(builds).toBe(2)

  await rm(join(root, 'other.ts'))
  await expect(bundle('other options')).rejects.toThrow('ENOENT')
})

test('is not kept when a file changed while it was built', async () => {
  await bundle('options', () => writeFile(join(root, 'other.ts'), 'edited'))

  expect(await bundle()).toContain('edited')
  expect(builds).toBe(2)
})

test('is not kept when a file went while it was built', async () => {
  const other = join(root, 'other.ts')
  await bundle('options', () => rm(other))

  await bundle().catch(() => {})
  expect(builds).toBe(2)
})

test('is built again when what was kept is no longer readable', async () => {
  await bundle()
  await writeFile(join(root, 'cache', 'kept.js'), 'half of it')

  expect(await bundle()).toContain('of entry.ts')
  expect(builds).toBe(2)
})

test('is there although it cannot be kept', async () => {
  await writeFile(join(root, 'cache'), 'a file where the folder would be')

  expect(await keep()).toEqual({ text: 'of entry.ts\nof other.ts\n', isKept: false })
  expect(await bundle()).toContain('of entry.ts')
  expect(builds).toBe(2)
})
