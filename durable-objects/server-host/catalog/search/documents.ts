/** A tool as it is searched for: what its definition says, as words. Pure. */
import { isObject } from '#protocol/json-rpc.ts'
import type { CatalogEntry } from '../catalog-index.ts'
import { hash } from '../naming.ts'
import { toWords } from './words.ts'

export interface ToolDocument {
  /** Names one definition under one name: another definition is another document. */
  key: string
  name: string
  description: string
  /** Names and descriptions of arguments. */
  arguments: string
}

/** Longer texts are searched as far as this. */
const MAX_FIELD_CHARS = 8_192
const MAX_SCHEMA_DEPTH = 5

/** Without a wait, so it is no cryptographic hash: it tells versions of one tool apart. */
export function keyOf({ server, exposed, text }: CatalogEntry): string {
  return `${server}/${exposed}/${hash(text)}`
}

export function toDocument(entry: CatalogEntry): ToolDocument {
  const { title, description, inputSchema } = JSON.parse(entry.text) as Record<string, unknown>
  return {
    key: keyOf(entry),
    name: join([entry.exposed, title]),
    description: join([description]),
    arguments: join(readSchema(inputSchema, MAX_SCHEMA_DEPTH)),
  }
}

function join(texts: readonly unknown[]): string {
  const whole = texts.filter((text) => typeof text === 'string').join(' ')
  return toWords(whole.slice(0, MAX_FIELD_CHARS)).join(' ')
}

function readSchema(schema: unknown, depth: number): string[] {
  if (!isObject(schema) || depth === 0) return []
  const { properties, items } = schema
  const named = isObject(properties) ? Object.entries(properties) : []
  return [
    ...named.flatMap(([name, property]) => {
      const description = isObject(property) ? property.description : undefined
      const own = typeof description === 'string' ? [name, description] : [name]
      return [...own, ...readSchema(property, depth - 1)]
    }),
    ...readSchema(items, depth - 1),
  ]
}
