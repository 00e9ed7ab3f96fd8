/** Variables, arguments and headers of other clients, as texts. */
import { isObject } from '#protocol/json-rpc.ts'
import { describeError } from '../failure.ts'
import { locateEnvFile, readEnvFile } from './env-file.ts'
import { interpolate } from './interpolate.ts'
import { toSecretName } from './references.ts'
import type { Draft } from './draft.ts'

export function takeEnvironment(draft: Draft): void {
  const { rest, ignored } = draft
  const fromFile = takeEnvFile(draft)
  const more = { ...fromFile, ...takeNames(draft) }
  if (Object.keys(more).length > 0) {
    rest.env = { ...more, ...(isObject(rest.env) ? rest.env : {}) }
  }
  for (const key of ['env', 'headers']) {
    const group = rest[key]
    if (!isObject(group)) continue
    const entries = Object.entries(group).filter(([, value]) => value !== null)
    const empty = Object.keys(group).filter((name) => group[name] === null)
    if (empty.length > 0) ignored.push(...empty.map((name) => `${key}.${name} (null)`))
    rest[key] = Object.fromEntries(entries.map(([name, value]) => [name, toText(value)]))
  }
  if (Array.isArray(rest.args)) rest.args = rest.args.map(toText)
}

function toText(value: unknown): unknown {
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : value
}

function takeEnvFile(draft: Draft): Record<string, string> {
  const { rest, notes, problems, secretVariables, place } = draft
  const { envFile } = rest
  delete rest.envFile
  if (typeof envFile !== 'string' || envFile === '') return {}
  try {
    const { text } = interpolate(envFile, place.variables)
    draft.envFile = locateEnvFile(text, place.folder)
    const variables = readEnvFile(draft.envFile)
    const names = Object.keys(variables)
    const own = isObject(rest.env) ? rest.env : {}
    secretVariables.push(...names.filter((name) => !Object.hasOwn(own, name)))
    notes.push(
      `read ${names.length} ${names.length === 1 ? 'variable' : 'variables'} from its envFile`,
    )
    return variables
  } catch (error) {
    problems.push(`${place.at}.envFile: ${describeError(error)}`)
    return {}
  }
}

/** Names without values: of the environment (Codex), or of secrets that the client keeps (Goose). */
function takeNames({ rest, asks }: Draft): Record<string, string> {
  const { env_vars: variables, env_keys: secrets } = rest
  delete rest.env_vars
  delete rest.env_keys
  const names = (list: unknown): string[] => {
    if (!Array.isArray(list)) return []
    return list.flatMap((item: unknown) => {
      const name = isObject(item) ? item.name : item
      return typeof name === 'string' ? [name] : []
    })
  }
  const own = isObject(rest.env) ? rest.env : {}
  const kept = names(secrets).filter((name) => !Object.hasOwn(own, name))
  asks.push(...kept.map(toSecretName))
  takeHeaderNames(rest)
  return {
    ...Object.fromEntries(names(variables).map((name) => [name, `\${${name}:-}`])),
    ...Object.fromEntries(kept.map((name) => [name, `\${secret:${toSecretName(name)}}`])),
  }
}

/** Codex names variables that headers are in. */
function takeHeaderNames(rest: Draft['rest']): void {
  const { bearer_token_env_var: bearer, env_http_headers: named } = rest
  delete rest.bearer_token_env_var
  delete rest.env_http_headers
  const found = isObject(named) ? Object.entries(named) : []
  const headers = found.map(([header, name]) => [header, `\${${String(name)}}`])
  if (typeof bearer === 'string') headers.push(['Authorization', `Bearer \${${bearer}}`])
  if (headers.length === 0) return
  rest.headers = { ...Object.fromEntries(headers), ...(isObject(rest.headers) ? rest.headers : {}) }
}
