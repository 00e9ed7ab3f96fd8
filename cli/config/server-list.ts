/** The servers of a configuration file in either form, each with its name and where it stands. */
import { isObject } from '#protocol/json-rpc.ts'
import { SERVER_NAME } from '#protocol/server-config.ts'
import { didYouMean } from '#protocol/did-you-mean.ts'

export interface RawServer {
  name: string
  /** For messages: `mcpServers.github` or `servers[2]`. */
  at: string
  raw: Record<string, unknown>
}

export interface ServerList {
  servers: RawServer[]
  problems: string[]
}

export function listServers(file: unknown): ServerList {
  const list: ServerList = { servers: [], problems: [] }
  if (!isObject(file)) {
    list.problems.push('must be a JSON object with "mcpServers"')
  } else if (file.mcpServers !== undefined) {
    addByName(list, 'mcpServers', file.mcpServers)
  } else if (Array.isArray(file.servers)) {
    file.servers.forEach((raw, index) => addListed(list, `servers[${index}]`, raw))
  } else if (file.servers !== undefined) {
    addByName(list, 'servers', file.servers)
  } else {
    list.problems.push(describeMissing(Object.keys(file)))
  }
  return list
}

function describeMissing(keys: string[]): string {
  const near = keys.find((key) => didYouMean(key, ['mcpServers', 'servers']) !== undefined)
  return near === undefined
    ? 'has no "mcpServers": write {"mcpServers": {"name": {"command": "…"}}}'
    : `unknown key ${JSON.stringify(near)}; did you mean mcpServers?`
}

function addByName(list: ServerList, key: string, value: unknown): void {
  if (!isObject(value)) {
    list.problems.push(`${key}: must be an object of servers by name`)
    return
  }
  for (const [name, raw] of Object.entries(value)) addServer(list, `${key}.${name}`, name, raw)
}

function addListed(list: ServerList, at: string, value: unknown): void {
  if (!isObject(value) || typeof value.name !== 'string') {
    list.problems.push(`${at}.name: must be a string: every server of the list form has a name`)
    return
  }
  const { name, ...raw } = value
  addServer(list, at, name as string, raw)
}

function addServer(list: ServerList, at: string, name: string, raw: unknown): void {
  if (!SERVER_NAME.test(name)) list.problems.push(`${at}: ${describeBadName(name)}`)
  else if (list.servers.some((server) => server.name === name)) {
    list.problems.push(`${at}: there is another server named ${JSON.stringify(name)}`)
  } else if (!isObject(raw)) list.problems.push(`${at}: must be an object with "command"`)
  else list.servers.push({ name, at, raw })
}

function describeBadName(name: string): string {
  const mended = name
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[._-]+|-+$/g, '')
    .slice(0, 64)
  const hint = mended === '' ? '' : `, for example ${JSON.stringify(mended)}`
  return (
    `the name ${JSON.stringify(name)} becomes part of a URL: ` +
    `use letters, digits, ".", "_" and "-", at most 64${hint}`
  )
}
