/** What `hearth up` runs in a checkout, bundled from its sources. */
import { spawnSync } from 'node:child_process'
import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { bundleOf, nodeBuild } from '#cli/bundles.mjs'

let root: string

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'hearth-bundles-'))
  await put('entry.ts', "import { word } from './word.ts'\nconsole.log(word satisfies string)\n")
  await put('word.ts', "export const word: string = 'first'\n")
})

afterEach(() => rm(root, { recursive: true, force: true }))

/** Written before any bundle, as far as its time tells. */
async function put(name: string, content: string): Promise<void> {
  await writeFile(join(root, name), content)
  await utimes(join(root, name), 1, 1)
}

function run(file = ''): string {
  const { stdout, stderr } = spawnSync(process.execPath, [file], { encoding: 'utf8' })
  return stdout + stderr
}

test('the file that is kept is what Node runs, and follows each edit', async () => {
  const first = await bundleOf(root, 'entry.ts', nodeBuild)
  expect(run(first.file)).toBe('first\n')

  await put('word.ts', "export const word: string = 'other'\n")

  const second = await bundleOf(root, 'entry.ts', nodeBuild)
  expect(second.file).toBe(first.file)
  expect(run(second.file)).toBe('other\n')
})

test('where nothing can be kept there is no file', async () => {
  await put('node_modules', 'a file where the folder would be')

  const { text, file } = await bundleOf(root, 'entry.ts', nodeBuild)

  expect(file).toBeUndefined()
  expect(text).toContain('"first"')
})

test('a source that does not compile is told of', async () => {
  await put('word.ts', 'export const = 1')

  await expect(bundleOf(root, 'entry.ts', nodeBuild)).rejects.toThrow('word.ts:1:13')
})
