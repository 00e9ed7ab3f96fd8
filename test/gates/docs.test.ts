/** The documents say what the sources say: codes, bounds, files, links, lengths. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { ERRORS } from '#protocol/errors.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const PRODUCT = ['worker', 'durable-objects', 'container', 'protocol', 'cli']
/** Every document has a reader's patience as its bound. Lines. */
const BUDGETS: Record<string, number> = { 'README.md': 120, 'ARCHITECTURE.md': 200 }

/** Names that say of themselves that they bound something. */
const BOUND_NAME = /^(DEFAULT_|GREATEST_)?MAX_|_(MS|BYTES|CHARS|FRAMES)$/
const BOUND = /^(?:export )?const ([A-Z][A-Z0-9_]*) = ([\d][\d_ *]*)$/gm
const BOUND_ROW = /^\| `([A-Z0-9_]+)` \| `([\d_ *]+)` \| `([^`]+)` \|/gm

const files = listFiles(ROOT)
const documents = files.filter((file) => file.endsWith('.md'))
const found = findBounds()
const listed = listBounds()

test('every code of the error table has its entry in docs/failures.md, and no entry is of another', () => {
  const entries = [...read('docs/failures.md').matchAll(/^### ([a-z_]+)$/gm)].map(
    ([, code]) => code,
  )

  expect(entries.toSorted()).toEqual(Object.keys(ERRORS).toSorted())
})

test('an entry of docs/failures.md begins with its status and its JSON-RPC code', () => {
  const wrong = Object.entries(ERRORS).filter(([code, { status, rpc }]) => {
    const [, text = ''] = read('docs/failures.md').split(`\n### ${code}\n\n`)
    const [, shownStatus = '200', shownCode] = /^(?:(\d{3}), )?(-\d+)/.exec(text) ?? []
    return Number(shownCode) !== rpc || Number(shownStatus) !== status
  })

  expect(wrong).toEqual([])
})

test('what docs/troubleshooting.md quotes of the gateway is what the error table says', () => {
  const quotes = [
    ...read('docs/troubleshooting.md').matchAll(/^([A-Z].*) \(([a-z]+_[a-z_]+|unauthorized)\)$/gm),
  ]
  const table: Record<string, { message: string } | undefined> = ERRORS
  const wrong = quotes.filter(([, text = '', code = '']) => {
    return !text.startsWith(table[code]?.message ?? '?')
  })

  expect(quotes.length).toBeGreaterThan(5)
  expect(wrong.map(([line]) => line)).toEqual([])
})

test('every bound of docs/concurrency.md stands in the file that it names', () => {
  const wrong = listed.filter((bound) => !found.includes(bound))

  expect(wrong).toEqual([])
})

test('every bound of the sources is in docs/concurrency.md', () => {
  const bounds = found.filter((bound) => BOUND_NAME.test(bound.split(' ')[0] ?? ''))
  const missing = bounds.filter((bound) => !listed.includes(bound))

  expect(missing).toEqual([])
})

test('every relative link leads to a file, and to a heading of it', () => {
  const broken = documents.flatMap((document) =>
    linksOf(document)
      .filter((link) => !leadsSomewhere(document, link))
      .map((link) => `${document}: ${link}`),
  )

  expect(broken).toEqual([])
})

test.each(['ARCHITECTURE.md', 'CONTRIBUTING.md'])('every path in %s names one file', (document) => {
  const paths = [
    ...read(document).matchAll(/`([\w./-]+\.(?:ts|mjs|json|toml|md|yaml)|[\w/-]+\/)`/g),
  ]
  const wrong = paths.map(([, path = '']) => path).filter((path) => !namesOne(path))

  expect(wrong).toEqual([])
})

test.each(Object.entries(BUDGETS))('%s has at most %i lines', (document, most) => {
  expect(read(document).trimEnd().split('\n').length).toBeLessThanOrEqual(most)
})

function read(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8')
}

/** Files of the project by path, without what is installed or generated. */
function listFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isFile()) return [relative(ROOT, path)]
    if (/^(\.|node_modules$|dist$)/.test(entry.name) || !entry.isDirectory()) return []
    return listFiles(path)
  })
}

/** `NAME value file` for each constant that is a number. */
function findBounds(): string[] {
  return files
    .filter((file) => /\.(ts|mjs)$/.test(file) && PRODUCT.includes(file.split('/')[0] ?? ''))
    .flatMap((file) =>
      [...read(file).matchAll(BOUND)].map(([, name, value]) => `${name} ${value} ${file}`),
    )
}

function listBounds(): string[] {
  const rows = read('docs/concurrency.md').matchAll(BOUND_ROW)
  return [...rows].map(([, name, value, file]) => `${name} ${value} ${file}`)
}

/** Link targets outside of code, without those to other sites. */
function linksOf(document: string): string[] {
  const prose = read(document).replace(/```[\s\S]*?```|`[^`\n]*`/g, '')
  const targets = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target)
  return targets.filter((target) => !/^[a-z]+:/.test(target))
}

function leadsSomewhere(document: string, link: string): boolean {
  const [path = '', anchor] = link.split('#')
  const target = path === '' ? document : join(dirname(document), path)
  if (!existsSync(join(ROOT, target))) return false
  return anchor === undefined || headingsOf(target).includes(anchor)
}

function headingsOf(document: string): string[] {
  const headings = [...read(document).matchAll(/^#+ (.+)$/gm)].map(([, text = '']) => text)
  return headings.map((text) =>
    text
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

/** A path from the root, or the end of exactly one path; a folder ends with a slash. */
function namesOne(path: string): boolean {
  if (existsSync(join(ROOT, path))) return true
  if (path.endsWith('/')) return files.some((file) => file.includes(`/${path}`))
  return files.filter((file) => file.endsWith(`/${path}`)).length === 1
}
