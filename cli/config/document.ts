/** A file's text → what it holds: JSON with or without comments, YAML or TOML. Messages never quote the text. */
import { createRequire } from 'node:module'
import { extname } from 'node:path'
import type * as toml from 'smol-toml'
import type * as yaml from 'yaml'
import { describeError, Failure } from '../failure.ts'
import { toPlainJSON } from './plain-json.ts'

/** Levels: a value in YAML may be within itself. */
const MAX_DEPTH = 100

type Format = 'JSON' | 'YAML' | 'TOML'

/** Loaded when a file asks for them: most do not. */
const load = createRequire(import.meta.url)

/** Throws `Failure`. */
export function parseDocument(text: string, path: string): unknown {
  const format = formatOf(path)
  try {
    const value = PARSERS[format](text.replace(/^\uFEFF/, ''))
    if (!isDeeper(value, MAX_DEPTH)) return value
  } catch (error) {
    const where = placeOf(error)
    const place = where === undefined ? '' : ` at ${where}`
    throw new Failure(`${path}: not valid ${format}${place}; ${HINTS[format]}`)
  }
  throw new Failure(`${path}: is nested more than ${MAX_DEPTH} levels deep`)
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some((one) => isDeeper(one, levels - 1))
}

const HINTS: Record<Format, string> = {
  JSON: 'look for a missing quote, comma or bracket',
  YAML: 'look at the indentation, and for a missing quote',
  TOML: 'look for a missing quote, or a key that is there twice',
}

const PARSERS: Record<Format, (text: string) => unknown> = {
  JSON: (text) => JSON.parse(toPlainJSON(text)),
  YAML: (text) => (load('yaml') as typeof yaml).parse(text, { logLevel: 'error' }),
  TOML: (text) => (load('smol-toml') as typeof toml).parse(text),
}

/** By the ending of its name; without one of these it is JSON. */
function formatOf(path: string): Format {
  switch (extname(path).toLowerCase()) {
    case '.toml':
      return 'TOML'
    case '.yaml':
    case '.yml':
      return 'YAML'
    default:
      return 'JSON'
  }
}

/** The engine, and both parsers, say where in their own ways. */
function placeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined
  if ('linePos' in error && Array.isArray(error.linePos)) {
    const [{ line, col }] = error.linePos as [{ line: number; col: number }]
    return `line ${line} column ${col}`
  }
  if ('line' in error && 'column' in error) return `line ${error.line} column ${error.column}`
  const text = describeError(error)
  return text.includes('end of JSON input') ? 'its end' : /line \d+ column \d+/.exec(text)?.[0]
}
