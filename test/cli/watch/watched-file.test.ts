/** When a file is said to have changed: with real folders, and what editors do to files in them. */
import {
  appendFile,
  mkdir,
  mkdtemp,
  rename,
  rm,
  symlink,
  unlink,
  writeFile,
} from 'node:fs/promises'
import { readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { WatchedFile } from '#cli/watch/watched-file.ts'
import { waitUntil } from '#test/support/processes.ts'

let folder: string
let path: string
let watched: WatchedFile
let seen: (string | undefined)[]
let faults: string[]

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hearth-watch-'))
  path = join(folder, 'hearth.json')
  await writeFile(path, 'first')
})

afterEach(async () => {
  watched.close()
  await rm(folder, { recursive: true, force: true })
})

/** Resolves when the first look, at what changed before it, is over. */
async function watchIt(): Promise<void> {
  ;[seen, faults] = [[], []]
  watched = new WatchedFile(path, {
    onChange: () => seen.push(read()),
    onFault: (reason) => faults.push(reason),
  })
  await until('first')
  seen = []
}

function read(): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined // gone
  }
}

const until = (text: string | undefined) =>
  waitUntil(() => seen.length > 0 && seen.at(-1) === text, `not seen: ${text}`, 5_000)

test('a file that is written, replaced by a rename, taken away and put back', async () => {
  await watchIt()

  await writeFile(path, 'written')
  await until('written')
  await writeFile(`${path}.new`, 'replaced')
  await rename(`${path}.new`, path)
  await until('replaced')
  await unlink(path)
  await until(undefined)
  await writeFile(path, 'back')
  await until('back')

  expect(seen).toEqual(['written', 'replaced', undefined, 'back'])
  expect(faults).toEqual([])
})

test('one write in several pieces is one change', async () => {
  await watchIt()

  await writeFile(path, '')
  for (const piece of ['a', 'b', 'c', 'd']) await appendFile(path, piece)
  await until('abcd')

  expect(seen).toEqual(['abcd'])
})

test('other files of the folder are nothing to it, however often they change', async () => {
  await watchIt()
  const writeLog = (line: number) => writeFile(join(folder, 'log'), String(line))

  for (let line = 0; line < 500; line++) await writeLog(line)
  expect(seen).toEqual([])
  await writeFile(path, 'changed')
  for (let line = 0; seen.length === 0 && line < 100_000; line++) await writeLog(line)

  expect(seen).toEqual(['changed'])
})

test('a symbolic link is followed, to a file that changes and to another one', async () => {
  for (const name of ['one', 'two']) {
    await mkdir(join(folder, name))
    await writeFile(join(folder, name, 'real.json'), name === 'one' ? 'first' : 'second')
  }
  await unlink(path)
  await symlink(join(folder, 'one', 'real.json'), path)
  await watchIt()

  await writeFile(join(folder, 'one', 'real.json'), 'changed')
  await until('changed')
  await symlink(join(folder, 'two', 'real.json'), `${path}.new`)
  await rename(`${path}.new`, path)
  await until('second')
  await writeFile(join(folder, 'two', 'real.json'), 'third')
  await until('third')

  expect(seen).toEqual(['changed', 'second', 'third'])
})

test('a folder that is not there is a fault, not an end', () => {
  ;[seen, faults] = [[], []]
  watched = new WatchedFile(join(folder, 'missing', 'hearth.json'), {
    onChange: () => seen.push(undefined),
    onFault: (reason) => faults.push(reason),
  })

  expect(faults).toEqual(['no such file'])
})
