/**
 * What zod found, as lines for people: the path, what may stand there, what does, and the nearest name.
 * One function for files, commands and the admin API. No line shows a value that may be a secret. Pure.
 */
import type * as z from 'zod'
import { didYouMean } from './did-you-mean.ts'
import { describeAllowed, isUnion, keysOf, schemasAt, type Schema } from './schema-words.ts'
import { ACCESS_KEY, TOKEN_PREFIXES } from './secret-forms.ts'

type Issue = z.core.$ZodIssue
type Path = readonly PropertyKey[]

export interface Checked {
  schema: Schema
  /** As it was written, before anything was filled in. */
  value: unknown
  /** What the paths of the lines begin with. */
  at?: string
}

export function describeIssues(
  issues: readonly Issue[],
  { schema, value, at = '' }: Checked,
): string[] {
  return issues.flatMap((issue) => {
    return spread(issue, { schema, value, path: [] }).flatMap((one) => toLines(one, at))
  })
}

interface Place {
  schema: Schema
  value: unknown
  /** From the document's root. */
  path: Path
}

/** An issue below `place`, which is no union any more unless none of its forms was meant. */
interface Finding extends Place {
  issue: Issue
}

/** Of a union: what is wrong with the form that was meant, which is the one whose keys fit best. */
function spread(issue: Issue, place: Place): Finding[] {
  const whole = [{ ...place, issue }]
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return whole
  const value = valueAt(place.value, issue.path)
  const union = schemasAt(place.schema, issue.path, place.value).find(isUnion)
  const forms = union?.options.flatMap((schema, index) => {
    const issues = issue.errors[index] ?? []
    return isOfOtherType(issues) ? [] : [{ schema, issues, misfits: countMisfits(issues) }]
  })
  const [first, ...others] = forms ?? []
  if (first === undefined) return whole
  const meant = others.reduce((best, form) => (form.misfits < best.misfits ? form : best), first)
  const path = [...place.path, ...issue.path]
  return meant.issues.flatMap((inner) => spread(inner, { schema: meant.schema, value, path }))
}

function isOfOtherType(issues: readonly Issue[]): boolean {
  return issues.some((issue) => {
    if (issue.path.length > 0) return false
    if (issue.code === 'invalid_union') return issue.errors.every(isOfOtherType)
    return issue.code === 'invalid_type' || issue.code === 'invalid_value'
  })
}

/** Keys that are not there, or not of this form, count before what they hold. */
function countMisfits(issues: readonly Issue[]): number {
  return issues.reduce((sum, issue) => {
    if (issue.code === 'unrecognized_keys') return sum + issue.keys.length
    return sum + 1
  }, 0)
}

function toLines({ issue, schema, value, path }: Finding, at: string): string[] {
  const full = [...path, ...issue.path]
  const where = joinPath(at, full)
  const there = schemasAt(schema, issue.path, value)
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => say(where, describeUnknownKey(key, keysOf(there))))
  }
  const given = valueAt(value, issue.path)
  const near = typeof given === 'string' ? didYouMean(given, choices(issue)) : undefined
  const hint = near === undefined ? '' : `; did you mean ${near}?`
  return [say(where, `${mend(issue, there)}; got ${describeValue(full, given)}${hint}`)]
}

function say(where: string, text: string): string {
  return where === '' ? text : `${where}: ${text}`
}

export function describeUnknownKey(key: string, known: readonly string[]): string {
  const near = didYouMean(key, known)
  const hint = near === undefined ? `known keys: ${known.join(', ')}` : `did you mean ${near}?`
  return `unknown key ${JSON.stringify(key)}; ${hint}`
}

/** Words that could stand there. */
function choices(issue: Issue): string[] {
  if (issue.code === 'invalid_union') return discriminators(issue)
  return issue.code === 'invalid_value' ? issue.values.map(String) : []
}

function discriminators(issue: Issue): string[] {
  return 'options' in issue && Array.isArray(issue.options) ? issue.options.map(String) : []
}

function mend(issue: Issue, there: Schema[]): string {
  switch (issue.code) {
    case 'too_small':
      if (issue.origin === 'string') return 'must not be empty'
      return `must ${isCounted(issue.origin) ? 'have' : 'be'} at least ${issue.minimum}`
    case 'too_big':
      if (issue.origin === 'string') return `must be at most ${issue.maximum} characters`
      return `must ${isCounted(issue.origin) ? 'have' : 'be'} at most ${issue.maximum}`
    case 'invalid_key':
      return nameRule(issue.path)
    case 'invalid_format':
      return issue.pattern === undefined ? issue.message : `must match ${issue.pattern}`
    case 'invalid_union': {
      const names = discriminators(issue).map((name) => JSON.stringify(name))
      return `must be ${names.length > 0 ? names.join(' or ') : describeAllowed(there)}`
    }
    case 'invalid_type':
    case 'invalid_value':
      return `must be ${describeAllowed(there)}`
    default:
      return issue.message
  }
}

function isCounted(origin: string): boolean {
  return ['array', 'set', 'map', 'object', 'file'].includes(origin)
}

function nameRule(path: Path): string {
  const names = path.map(String)
  if (names.includes('headers')) return 'must be the name of a header'
  if (names.includes('env')) {
    return 'must be the name of a variable: letters, digits and _, not beginning with a digit'
  }
  return 'a name has letters, digits, ".", "_" and "-", at most 64'
}

/** Their values may be secrets; a URL may have a password in it. */
const SECRET_KEYS: ReadonlySet<string> = new Set([
  ...['env', 'headers', 'url', 'serverUrl', 'httpUrl', 'uri', 'value', 'token', 'options', 'oauth'],
])
const SECRET_FORM = new RegExp(
  `^(${TOKEN_PREFIXES}|${ACCESS_KEY}|eyJ|(Bearer|Basic) )|:\\/\\/[^/]*@`,
  'i',
)
/** An argument that names something, or refers to it. */
const HARMLESS_ARGUMENT = /^(-[\w-]*|\$\{[^}]*\})$/
const MAX_SHOWN_CHARS = 80

function describeValue(path: Path, value: unknown): string {
  if (value === undefined) return 'nothing'
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'an object'
  const isHidden = path.some((key) => SECRET_KEYS.has(String(key)))
  if (typeof value !== 'string') {
    return isHidden ? `a value of type ${typeof value}` : JSON.stringify(value)
  }
  const mayBeSecret =
    isHidden || SECRET_FORM.test(value) || (path.includes('args') && !HARMLESS_ARGUMENT.test(value))
  if (mayBeSecret || value.length > MAX_SHOWN_CHARS) return `a string of ${value.length} characters`
  return JSON.stringify(value)
}

function valueAt(root: unknown, path: Path): unknown {
  return path.reduce<unknown>((value, key) => {
    return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined
  }, root)
}

export function joinPath(at: string, path: Path): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`
    return text === '' ? String(key) : `${text}.${String(key)}`
  }, at)
}
