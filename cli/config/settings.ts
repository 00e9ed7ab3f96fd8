/** The key `hearth` of a configuration file: catalog and routes, or what is wrong with them. */
import { describeIssues } from '#protocol/issues.ts'
import { isObject } from '#protocol/json-rpc.ts'
import { describeUnknownPriority } from '#protocol/catalog.ts'
import { describeUnknownServers } from '#protocol/routes.ts'
import { FileSettings } from './file-schema.ts'

const KEY = 'hearth'
const DEFAULTS = FileSettings.parse({})

export interface ReadSettings {
  settings: FileSettings
  problems: string[]
}

/** `servers`: names of those that the file has, which routes may name. */
export function readSettings(file: unknown, servers: ReadonlySet<string>): ReadSettings {
  if (!isObject(file) || file[KEY] === undefined) return { settings: DEFAULTS, problems: [] }
  const parsed = FileSettings.safeParse(file[KEY])
  if (!parsed.success) {
    const checked = { schema: FileSettings, value: file[KEY], at: KEY }
    return { settings: DEFAULTS, problems: describeIssues(parsed.error.issues, checked) }
  }
  const names = [...servers]
  const { routes, catalog } = parsed.data
  const problems = [
    ...describeUnknownServers(routes, names).map((line) => `${KEY}.routes: ${line}`),
    ...describeUnknownPriority(catalog, names).map((line) => `${KEY}.catalog.${line}`),
  ]
  return { settings: parsed.data, problems }
}
