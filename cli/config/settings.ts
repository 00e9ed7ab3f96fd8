/** The key `hearth` of a configuration file: catalog and routes, or what is wrong with them. */
import { isObject } from '#protocol/json-rpc.ts'
import { findUnknownServers } from '#protocol/routes.ts'
import { didYouMean } from './did-you-mean.ts'
import { FileSettings } from './file-schema.ts'
import { joinPath } from './problem.ts'

const KEY = 'hearth'
const DEFAULTS = FileSettings.parse({})
const KNOWN_KEYS = Object.keys(FileSettings.shape)

export interface ReadSettings {
  settings: FileSettings
  problems: string[]
}

/** `servers`: names of those that the file has, which routes may name. */
export function readSettings(file: unknown, servers: ReadonlySet<string>): ReadSettings {
  if (!isObject(file) || file[KEY] === undefined) return { settings: DEFAULTS, problems: [] }
  const parsed = FileSettings.safeParse(file[KEY])
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => {
      const at = joinPath(KEY, issue.path)
      return issue.code === 'unrecognized_keys'
        ? describeKeys(at, issue.keys)
        : `${at}: ${issue.message}`
    })
    return { settings: DEFAULTS, problems }
  }
  const named = Object.fromEntries([...servers].map((name) => [name, true]))
  const problems = findUnknownServers(parsed.data.routes, named).map(({ route, server }) => {
    return `${KEY}.routes: the route "${route}" has "${server}", and there is no such server`
  })
  return { settings: parsed.data, problems }
}

function describeKeys(at: string, keys: readonly string[]): string {
  const near = keys.length === 1 && at === KEY ? didYouMean(keys[0] ?? '', KNOWN_KEYS) : undefined
  const hint = near === undefined ? '' : `; did you mean ${near}?`
  return `${at}: unknown key ${keys.map((key) => JSON.stringify(key)).join(', ')}${hint}`
}
