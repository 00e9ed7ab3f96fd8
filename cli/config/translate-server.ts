/**
 * A server as some client writes it → the keys that it has here, and what was changed or
 * ignored. What restricts a server is taken over, or the server is refused: never left out.
 */
import { isObject } from '#protocol/json-rpc.ts'
import { didYouMean } from '#protocol/did-you-mean.ts'
import { describeUnknownKey } from '#protocol/issues.ts'
import { serverKeys } from './file-schema.ts'
import { LEFT_OUT, OF_THE_CLIENT, RENAMED, RESTRICTING } from './client-keys.ts'
import type { Draft, Place, Translated } from './draft.ts'
import { takeEnvironment } from './server-environment.ts'
import { takeTimes } from './server-times.ts'
import { takeTools } from './server-tools.ts'
import { translateReferences } from './references.ts'

export function translateServer(entry: Record<string, unknown>, place: Place): Translated {
  const { personal, ...known } = readReferences(entry, place)
  const rest = flatten(known.entry)
  const draft: Draft = {
    ...{ rest, place, raw: {}, notes: [], ignored: [], problems: [], secretVariables: [] },
    asks: known.asks,
  }
  if (personal.length > 0) {
    const names = personal.map((name) => `hearth secrets set ${name} --principal me`).join(', ')
    draft.notes.push(`each user has a value of their own: ${names}`)
  }
  if (isOfItsClient(rest)) {
    const problem = `${place.at}: is a part of its client, with no command or URL to take over`
    return { ...draft, notes: [], ignored: [], asks: [], problems: [problem] }
  }
  takeType(draft)
  takeTools(draft)
  takeTimes(draft)
  takeEnvironment(draft)
  takeRest(draft)
  const { rest: _, place: _p, ...translated } = draft
  return translated
}

function readReferences(entry: Record<string, unknown>, { workspace }: Place) {
  const { customUserVars, ...own } = entry
  const personal = new Set(isObject(customUserVars) ? Object.keys(customUserVars) : [])
  const asks = new Set<string>()
  const personalAsks = new Set<string>()
  const translated = translateReferences(own, { workspace, personal, asks, personalAsks })
  return {
    entry: isObject(translated) ? translated : {},
    asks: [...asks],
    personal: [...personalAsks],
  }
}

/** One object of our keys: `command` may be a list, or an object of its own, and Goose had a `config`. */
function flatten(entry: Record<string, unknown>): Record<string, unknown> {
  const { config, ...outer } = entry
  const whole = isObject(config) ? { ...config, ...outer } : entry
  const renamed = Object.entries(whole).map(([key, value]): [string, unknown] => {
    const name = ownOf(RENAMED, key)
    return [name === undefined || whole[name] !== undefined ? key : name, value]
  })
  const { command, ...rest } = Object.fromEntries(renamed)
  if (Array.isArray(command)) {
    const [program, ...args] = command as unknown[]
    const more: unknown[] = Array.isArray(rest.args) ? rest.args : []
    return { ...rest, command: program, args: [...args, ...more] }
  }
  if (!isObject(command)) return command === undefined ? rest : { command, ...rest }
  const { path, args, env } = command
  return {
    ...rest,
    command: path,
    ...(args !== undefined && { args }),
    ...(isObject(env) && { env }),
  }
}

/** Ways of a client to say how a server is reached, as far as they are not ours. */
const TYPES: Readonly<Record<string, string>> = {
  local: 'stdio',
  streamable_http: 'http',
  'streamable-http': 'http',
  remote: '',
}
const BUILT_IN: ReadonlySet<string> = new Set([
  'builtin',
  'platform',
  'frontend',
  'inline_python',
  'sdk',
])

/** Built into Goose, or of an extension of Zed. */
function isOfItsClient({ type, source, command, url }: Record<string, unknown>): boolean {
  if (BUILT_IN.has(String(type))) return true
  return source === 'extension' && command === undefined && url === undefined
}

function takeType({ rest, raw }: Draft): void {
  const { type } = rest
  delete rest.type
  if (type === undefined || type === null) return
  const own = typeof type === 'string' ? (ownOf(TYPES, type) ?? type) : type
  if (own !== '') raw.type = own
}

/** Keys of ours stay as they are; others are ignored. */
function takeRest({ rest, raw, ignored, problems, place: { at } }: Draft): void {
  for (const [key, value] of Object.entries(rest)) {
    if (value === null || value === undefined) continue
    const reason = ownOf(LEFT_OUT, key)
    if (serverKeys.includes(key)) raw[key] = value
    else if (reason !== undefined) {
      if (value !== false) ignored.push(`${key} (${reason})`)
    } else if (OF_THE_CLIENT.has(key) || isNothing(value)) ignored.push(key)
    else if (RESTRICTING.test(key)) problems.push(refuseRestriction(at, key))
    else if (didYouMean(key, serverKeys) !== undefined) {
      problems.push(`${at}: ${describeUnknownKey(key, serverKeys)}`)
    } else ignored.push(key)
  }
}

function isNothing(value: unknown): boolean {
  return value === false || (Array.isArray(value) && value.length === 0)
}

function refuseRestriction(at: string, key: string): string {
  return (
    `${at}.${key}: may restrict what this server does, and Hearth cannot do that: ` +
    'remove the key to serve it without'
  )
}

/** A key of the file may be called `constructor`. */
function ownOf(table: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined
}
