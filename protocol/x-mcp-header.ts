/**
 * Tool parameters that a client repeats in `Mcp-Param-*` headers (2026-07-28, streamable-http.mdx,
 * Custom Headers from Tool Parameters). A proxy may route on the header while the server acts on
 * the body, so the two must agree.
 */
import { isObject } from './json-rpc.ts'

export interface HeaderAnnotation {
  /** Keys from `arguments` to the value. */
  path: readonly string[]
  /** The part of the header's name after `Mcp-Param-`, as the schema writes it. */
  name: string
  type: 'string' | 'integer' | 'boolean'
}

export type Annotations =
  | { ok: true; annotations: HeaderAnnotation[] }
  /** A client excludes such a tool from its list. */
  | { ok: false; reason: string }

export type HeaderVerdict = { ok: true } | { ok: false; detail: string }

const KEYWORD = 'x-mcp-header'
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const DECIMAL = /^-?\d+(\.\d+)?$/
/** A schema nested deeper, or with more subschemas, is not one for a tool's parameters. */
const MAX_DEPTH = 64
const MAX_SUBSCHEMAS = 10_000

/** Keywords that hold a schema or a list of schemas, and keywords that hold schemas by name. */
const NESTED = `items prefixItems additionalItems contains additionalProperties unevaluatedItems
  unevaluatedProperties propertyNames contentSchema oneOf anyOf allOf not if then else`.split(/\s+/)
const NAMED = ['patternProperties', 'dependentSchemas', 'dependencies', '$defs', 'definitions']

/** Every annotation of a tool's `inputSchema`, or why the definition is not valid. */
export function readAnnotations(inputSchema: unknown): Annotations {
  const scan: Scan = { annotations: [], names: new Set(), visited: 0, reason: undefined }
  visit(scan, inputSchema, [], true, 0)
  return scan.reason === undefined
    ? { ok: true, annotations: scan.annotations }
    : { ok: false, reason: scan.reason }
}

/**
 * Compares a call's `arguments` with its headers: names lowercase without the prefix, values
 * decoded (`HostCall.params`). Headers that no annotation names are ignored.
 */
export function verifyParamHeaders(
  annotations: readonly HeaderAnnotation[],
  args: unknown,
  headers: Readonly<Record<string, string>>,
): HeaderVerdict {
  for (const annotation of annotations) {
    const key = annotation.name.toLowerCase()
    const header = Object.hasOwn(headers, key) ? headers[key] : undefined
    const fault = compare(annotation, valueAt(args, annotation.path), header)
    if (fault !== undefined) {
      return { ok: false, detail: `Mcp-Param-${annotation.name} ${fault}` }
    }
  }
  return { ok: true }
}

/** The value itself is in neither fault: it may be what a log must not show. */
function compare(
  { path, type }: HeaderAnnotation,
  value: unknown,
  header: string | undefined,
): string | undefined {
  const where = `arguments.${path.join('.')}`
  if (value === undefined || value === null) {
    return header === undefined ? undefined : `is sent, but ${where} is not`
  }
  if (typeof value === 'object') {
    return header === undefined ? undefined : `cannot match ${where}, which is no primitive value`
  }
  if (header === undefined) return `is missing, but ${where} is sent`
  if (type === 'integer' && typeof value === 'number') {
    // Beyond the safe range two different integers can read as the same number.
    if (!Number.isSafeInteger(value)) return `cannot match ${where}, which is no safe integer`
    return DECIMAL.test(header) && Number(header) === value ? undefined : `differs from ${where}`
  }
  return header === String(value) ? undefined : `differs from ${where}`
}

/** What is at the end of a path of keys; `undefined` for nothing. */
export function valueAt(root: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (node, key) => (isObject(node) && Object.hasOwn(node, key) ? node[key] : undefined),
    root,
  )
}

interface Scan {
  annotations: HeaderAnnotation[]
  names: Set<string>
  visited: number
  reason: string | undefined
}

/** `reachable`: the way here led through `properties` only. Stops at the first fault. */
function visit(
  scan: Scan,
  schema: unknown,
  path: readonly string[],
  reachable: boolean,
  depth: number,
): void {
  if (scan.reason !== undefined || !isObject(schema)) return
  scan.visited += 1
  if (depth > MAX_DEPTH || scan.visited > MAX_SUBSCHEMAS) {
    scan.reason = 'inputSchema is nested too deep or has too many subschemas'
    return
  }
  if (Object.hasOwn(schema, KEYWORD)) annotate(scan, schema, path, reachable)
  if (isObject(schema.properties)) {
    for (const [key, child] of Object.entries(schema.properties)) {
      visit(scan, child, [...path, key], reachable, depth + 1)
    }
  }
  for (const child of otherSubschemas(schema)) visit(scan, child, path, false, depth + 1)
}

function otherSubschemas(schema: Record<string, unknown>): unknown[] {
  const nested = NESTED.flatMap((keyword) => schema[keyword])
  const named = NAMED.flatMap((keyword) => Object.values(schema[keyword] ?? {}))
  return [...nested, ...named]
}

function annotate(
  scan: Scan,
  schema: Record<string, unknown>,
  path: readonly string[],
  reachable: boolean,
): void {
  const { [KEYWORD]: name, type } = schema
  const where = `${KEYWORD} at ${path.join('.') || 'the root'}`
  if (!reachable || path.length === 0) {
    scan.reason = `${where} is not reachable through properties alone`
  } else if (typeof name !== 'string' || !TOKEN.test(name)) {
    scan.reason = `${where} is not a header name`
  } else if (type !== 'string' && type !== 'integer' && type !== 'boolean') {
    scan.reason = `${where} is on a parameter that is no string, integer or boolean`
  } else if (scan.names.has(name.toLowerCase())) {
    scan.reason = `${where} repeats the name ${name}`
  } else {
    scan.names.add(name.toLowerCase())
    scan.annotations.push({ path, name, type })
  }
}
