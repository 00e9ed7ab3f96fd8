/** Entries of a server's lists: read from its answers, and written as the catalog shows them. Pure. */
import type { ArgumentRules } from '#protocol/arguments.ts'
import type { ServerCatalog } from '#protocol/catalog.ts'
import { isObject } from '#protocol/json-rpc.ts'
import { findSpans, listElements, readValue, setValue } from '#protocol/json-splice.ts'
import { matchesAny } from '#protocol/pattern.ts'
import { LISTS, type ListKind } from '../translate/list-kinds.ts'

export interface Entry {
  /** As the server calls it: a name, a URI or a URI template. */
  name: string
  /** JSON, as the server wrote it. */
  text: string
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()

export interface EntriesPage {
  entries: Entry[]
  /** Entries that have no name, so that nobody could ask for them. */
  unnamed: number
  /** `result.nextCursor` */
  nextCursor: unknown
  /** What is wrong with the page as a whole. */
  fault?: string
}

/** The entries of one page. What has no name is left out: nobody could ask for it. */
export function readEntries(payload: Uint8Array, kind: ListKind): Entry[] {
  return readPage(payload, kind).entries
}

/** The same, with what it lacks. */
export function readPage(payload: Uint8Array, kind: ListKind): EntriesPage {
  const { member } = LISTS[kind]
  const [list, cursor] = findSpans(payload, [
    ['result', member],
    ['result', 'nextCursor'],
  ])
  const nextCursor = cursor && readValue(payload, cursor)
  if (list === undefined || payload[list.start] !== OPENING_BRACKET) {
    return { entries: [], unnamed: 0, nextCursor, fault: noList(kind) }
  }
  const elements = listElements(payload, list.start)
  const entries = entriesAt(payload, list.start, kind)
  return { entries, unnamed: elements.length - entries.length, nextCursor }
}

/** The same of a result that is parsed already. */
export function readParsedPage(result: unknown, kind: ListKind): EntriesPage {
  const { member, key } = LISTS[kind]
  const { [member]: list, nextCursor } = isObject(result) ? result : {}
  if (!Array.isArray(list)) return { entries: [], unnamed: 0, nextCursor, fault: noList(kind) }
  const entries = list.flatMap((item: unknown) => {
    const name = isObject(item) ? item[key] : undefined
    return typeof name === 'string' ? [{ name, text: JSON.stringify(item) }] : []
  })
  return { entries, unnamed: list.length - entries.length, nextCursor }
}

function noList(kind: ListKind): string {
  const { method, member } = LISTS[kind]
  return `its answer to ${method} has no list "${member}"`
}

const OPENING_BRACKET = 0x5b

/** Entries as `writeEntries` wrote them. */
export function parseEntries(text: string, kind: ListKind): Entry[] {
  return entriesAt(encoder.encode(text), 0, kind)
}

export function writeEntries(entries: readonly Entry[]): string {
  return `[${entries.map(({ text }) => text).join(',')}]`
}

/** What of a list the configuration leaves in the catalog. */
export function keepListed(
  entries: readonly Entry[],
  kind: ListKind,
  settings: ServerCatalog,
): Entry[] {
  return entries.filter(({ name }) => isListed(name, kind, settings))
}

/** Whether a name that no list has could be in the catalog under its own name. */
export function isOffered(name: string, kind: ListKind, settings: ServerCatalog): boolean {
  return isListed(name, kind, settings) && overrideOf(name, kind, settings)?.name === undefined
}

function isListed(name: string, kind: ListKind, settings: ServerCatalog): boolean {
  const { allow, deny = [] } = settings[LISTS[kind].capability] ?? {}
  return (allow === undefined || matchesAny(allow, name)) && !matchesAny(deny, name)
}

/** What an entry is called in the place of its own name, before the server's name is added. */
export function shownName(
  { name }: Entry,
  kind: ListKind,
  settings: ServerCatalog,
): string | undefined {
  return overrideOf(name, kind, settings)?.name
}

/** An entry as clients see it, under its name in the catalog. */
export function writeExposed(
  entry: Entry,
  kind: ListKind,
  exposed: string,
  settings: ServerCatalog,
): string {
  const override = overrideOf(entry.name, kind, settings)
  const { key } = LISTS[kind]
  if (override === undefined) {
    if (exposed === entry.name) return entry.text
    return decoder.decode(setValue(encoder.encode(entry.text), [key], JSON.stringify(exposed)))
  }
  const own = JSON.parse(entry.text) as Record<string, unknown>
  const { title, description } = override
  return JSON.stringify({
    ...own,
    [key]: exposed,
    ...(title !== undefined && { title }),
    ...(description !== undefined && { description }),
    ...('annotations' in override &&
      override.annotations !== undefined && {
        annotations: { ...toObject(own.annotations), ...override.annotations },
      }),
    ...('arguments' in override &&
      override.arguments !== undefined && {
        inputSchema: narrowSchema(toObject(own.inputSchema), override.arguments),
      }),
  })
}

/** A caller does not see arguments that are fixed, and may leave out those with a default. */
function narrowSchema(
  schema: Record<string, unknown>,
  { fixed, defaults }: ArgumentRules,
): Record<string, unknown> {
  const { properties, required } = schema
  const narrowed = { ...schema }
  if (isObject(properties)) {
    narrowed.properties = Object.fromEntries(
      Object.entries(properties)
        .filter(([name]) => !Object.hasOwn(fixed, name))
        .map(([name, property]) => {
          const isDefaulted = Object.hasOwn(defaults, name) && isObject(property)
          return [name, isDefaulted ? { ...property, default: defaults[name] } : property]
        }),
    )
  }
  if (Array.isArray(required)) {
    narrowed.required = required.filter(
      (name: unknown) =>
        typeof name === 'string' && !Object.hasOwn(fixed, name) && !Object.hasOwn(defaults, name),
    )
  }
  return narrowed
}

type Override = NonNullable<ServerCatalog['tools'] | ServerCatalog['prompts']>['overrides'][string]

function overrideOf(name: string, kind: ListKind, settings: ServerCatalog): Override | undefined {
  if (kind !== 'tools' && kind !== 'prompts') return undefined
  const overrides = settings[kind]?.overrides
  return overrides !== undefined && Object.hasOwn(overrides, name) ? overrides[name] : undefined
}

function entriesAt(json: Uint8Array, start: number, kind: ListKind): Entry[] {
  const { key } = LISTS[kind]
  return listElements(json, start).flatMap(({ start, end }) => {
    const text = decoder.decode(json.subarray(start, end))
    const name = (JSON.parse(text) as Record<string, unknown> | null)?.[key]
    return typeof name === 'string' ? { name, text } : []
  })
}

function toObject(value: unknown): Record<string, unknown> {
  return isObject(value) ? value : {}
}
