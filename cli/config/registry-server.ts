/** `server.json` of the MCP registry: one server, as a package or at a URL → how it is started here. Pure. */
import { isObject } from '#protocol/json-rpc.ts'
import { toSecretName } from './references.ts'

export interface Entry {
  /** As the client calls it; `undefined`: it has no name. */
  name: string | undefined
  /** For messages: `mcpServers.github` or `servers[2]`. */
  at: string
  entry: unknown
}

const PROGRAMS: Readonly<Record<string, (id: string, version: string) => [string, string[]]>> = {
  npm: (id, version) => ['npx', ['-y', version === '' ? id : `${id}@${version}`]],
  pypi: (id, version) => ['uvx', [version === '' ? id : `${id}==${version}`]],
  oci: (id, version) => [
    'docker',
    ['run', '-i', '--rm', version === '' || id.includes(':') ? id : `${id}:${version}`],
  ],
}

/** `undefined` for another file. What cannot be started is an entry without a command, which is told of. */
export function toServerOfRegistry(file: Record<string, unknown>): Entry | undefined {
  const { name, packages, remotes } = file
  if (typeof name !== 'string' || (!Array.isArray(packages) && !Array.isArray(remotes))) {
    return undefined
  }
  const own = { name: name.split('/').at(-1) ?? name, at: 'server.json' }
  const known = listOf(packages).find(({ registryType, transport }) => {
    const isStdio = !isObject(transport) || (transport.type ?? 'stdio') === 'stdio'
    return isStdio && Object.hasOwn(PROGRAMS, String(registryType))
  })
  if (known !== undefined) return { ...own, entry: toCommand(known) }
  const [remote] = listOf(remotes)
  if (remote === undefined) return { ...own, entry: {} }
  const { type, url, headers } = remote
  return { ...own, entry: { type, url, headers: toValues(headers) } }
}

function toCommand(from: Record<string, unknown>): Record<string, unknown> {
  const { registryType, identifier, version } = from
  const program = PROGRAMS[String(registryType)]?.(String(identifier), String(version ?? ''))
  const [command = '', args = []] = program ?? []
  const env = toValues(from.environmentVariables)
  const named = command === 'docker' ? Object.keys(env).flatMap((name) => ['-e', name]) : []
  const [last = '', ...before] = args.toReversed()
  const whole = [...before.toReversed(), ...toArguments(from.runtimeArguments), ...named, last]
  return { command, args: [...whole, ...toArguments(from.packageArguments)], env }
}

function toArguments(list: unknown): string[] {
  return listOf(list).flatMap(({ type, name, value, default: standard, valueHint }) => {
    const text = value ?? standard ?? `\${${toSecretName(String(valueHint ?? name ?? 'ARGUMENT'))}}`
    return type === 'named' && typeof name === 'string' ? [name, String(text)] : [String(text)]
  })
}

/** Of variables and headers: what is secret is one of the tenant's, what has no value the environment's. */
function toValues(list: unknown): Record<string, string> {
  const entries = listOf(list).flatMap((one): [string, string][] => {
    const { name, value, default: standard, isSecret, isRequired } = one
    if (typeof name !== 'string') return []
    if (value !== undefined || standard !== undefined) return [[name, String(value ?? standard)]]
    if (isRequired !== true) return []
    return [[name, isSecret === true ? `\${input:${name}}` : `\${${name}}`]]
  })
  return Object.fromEntries(entries)
}

function listOf(list: unknown): Record<string, unknown>[] {
  return Array.isArray(list) ? list.filter(isObject) : []
}
