/**
 * What a principal may do: scopes, and lists of what a token may and may not use. Pure.
 *
 * `servers:{server}` grants everything of a server, `tools:call:{server}/{tool}`,
 * `prompts:get:{server}/{prompt}` and `resources:read:{server}/{uri}` one kind of thing, `*` every
 * server, `admin` and `admin:{part}` the tenant's own configuration, `run` one-shot servers,
 * `secrets` one's own secrets. In each part `*` stands for any run of characters; the server's part
 * ends at the first `/`. Any other scope grants nothing by itself, and can be required by a server.
 * `protocol/access.ts` decides by them.
 */
import * as z from 'zod'

/** RFC 6749, section 3.3: what a scope may be written with. */
export const Scope = z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,256}$/)

/** Of the scopes together, and of each list: what a call needs of them travels in a header. */
const MAX_SCOPES_CHARS = 8_192
const MAX_LIST_CHARS = 8_192

export const Scopes = z
  .array(Scope)
  .max(256)
  .refine(hasAtMost(MAX_SCOPES_CHARS), `at most ${MAX_SCOPES_CHARS} characters together`)

const Pattern = z.string().min(1).max(512)
const ToolPattern = Pattern.regex(/^[^/]+\/./, 'must be {server}/{tool}')

const listOf = (pattern: z.ZodString) =>
  z
    .array(pattern)
    .max(256)
    .refine(hasAtMost(MAX_LIST_CHARS), `at most ${MAX_LIST_CHARS} characters together`)

/** Patterns; a tool is `{server}/{tool}`. */
export const AccessList = z.strictObject({
  servers: listOf(Pattern).optional(),
  tools: listOf(ToolPattern).optional(),
})
export type AccessList = z.infer<typeof AccessList>

export const Grants = z.strictObject({
  scopes: Scopes,
  /** Where present, only what is in it. `tools` says nothing of prompts and resources. */
  allow: AccessList.optional(),
  /** Never what is in it, whatever else is said. */
  deny: AccessList.optional(),
})
export type Grants = z.infer<typeof Grants>

/** What a server offers and a principal may use. */
export type Kind = 'tool' | 'prompt' | 'resource'

/** A scope taken apart. `server` and `name` are patterns. */
export type ScopeParts =
  | { on: 'server'; server: string; kind?: undefined; name: '*' }
  | { on: 'server'; server: string; kind: Kind; name: string }
  | { on: 'admin'; part: string }
  | { on: 'other'; text: string }

const KINDS: readonly [prefix: string, kind: Kind][] = [
  ['tools:call:', 'tool'],
  ['prompts:get:', 'prompt'],
  ['resources:read:', 'resource'],
]
const SERVERS = 'servers:'
const ADMIN = 'admin:'

export function toScopeParts(scope: string): ScopeParts {
  if (scope === '*') return { on: 'server', server: '*', name: '*' }
  if (scope === 'admin') return { on: 'admin', part: '*' }
  if (scope.startsWith(ADMIN)) return { on: 'admin', part: scope.slice(ADMIN.length) }
  if (scope.startsWith(SERVERS)) {
    return { on: 'server', server: scope.slice(SERVERS.length), name: '*' }
  }
  for (const [prefix, kind] of KINDS) {
    if (!scope.startsWith(prefix)) continue
    const { server, name } = toServerAndName(scope.slice(prefix.length))
    return { on: 'server', server, kind, name }
  }
  return { on: 'other', text: scope }
}

/** `{server}/{name}`: the server ends at the first `/`. Without one it is nothing's name. */
export function toServerAndName(text: string): { server: string; name: string } {
  const at = text.indexOf('/')
  if (at === -1) return { server: '', name: '' }
  return { server: text.slice(0, at), name: text.slice(at + 1) }
}

function hasAtMost(maxChars: number): (texts: string[]) => boolean {
  return (texts) => texts.reduce((chars, text) => chars + text.length, 0) <= maxChars
}
