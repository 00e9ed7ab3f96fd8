/** Turns what zod found into lines that name the path, the value and the mend, and never a secret. */
import type { z } from 'zod'
import { didYouMean } from './did-you-mean.ts'
import { serverKeys } from './file-schema.ts'

type Issue = z.core.$ZodIssue

/** `raw` is the server as it stands in the file, before variables are filled in. */
export function describeIssue(at: string, issue: Issue, raw: unknown): string[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => describeUnknownKey(joinPath(at, issue.path), key))
  }
  const value = valueAt(raw, issue.path)
  const shown = isSecret(issue.path) ? describeSecret(value) : describeValue(value)
  return [`${joinPath(at, issue.path)}: ${mend(issue)}; got ${shown}`]
}

function describeUnknownKey(at: string, key: string): string {
  const near = didYouMean(key, serverKeys)
  const hint = near === undefined ? `known keys: ${serverKeys.join(', ')}` : `did you mean ${near}?`
  return `${at}: unknown key ${JSON.stringify(key)}; ${hint}`
}

function mend(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${TYPE_NAMES[issue.expected] ?? issue.expected}`
    case 'too_small':
      return issue.origin === 'string' ? 'must not be empty' : `must be at least ${issue.minimum}`
    case 'too_big':
      return `must be at most ${issue.maximum}${issue.origin === 'string' ? ' characters' : ''}`
    case 'invalid_value':
      return `must be ${issue.values.map((value) => JSON.stringify(value)).join(' or ')}`
    case 'invalid_key':
      return issue.path.includes('headers')
        ? 'must be the name of a header'
        : 'must be the name of a variable: letters, digits and _, not beginning with a digit'
    case 'invalid_union':
      return 'must be a number of milliseconds, or {"call": …, "start": …}'
    default:
      return issue.message
  }
}

const TYPE_NAMES: Record<string, string> = {
  string: 'a string',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list of strings',
  object: 'an object',
  record: 'an object of strings',
}

/** Everything under `env` and `headers` may be a secret, and a URL may have a password in it. */
function isSecret(path: readonly PropertyKey[]): boolean {
  return ['env', 'headers', 'url', 'serverUrl', 'httpUrl'].includes(String(path[0]))
}

function describeSecret(value: unknown): string {
  return typeof value === 'string' ? `a string of ${value.length} characters` : typeName(value)
}

function describeValue(value: unknown): string {
  if (value === undefined) return 'nothing'
  const text = JSON.stringify(value)
  return text.length > 80 ? `${text.slice(0, 77)}…` : text
}

function typeName(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  return value === undefined ? 'nothing' : `a value of type ${typeof value}`
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined,
    root,
  )
}

export function joinPath(at: string, path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (text, key) => (typeof key === 'number' ? `${text}[${key}]` : `${text}.${String(key)}`),
    at,
  )
}
