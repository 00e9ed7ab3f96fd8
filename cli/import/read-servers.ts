/** The servers of a client's file, in the keys that a configuration file of Hearth has. Pure. */
import { isObject } from '#protocol/json-rpc.ts'
import { SERVER_NAME } from '#protocol/server-config.ts'

export interface FoundServer {
  /** As it can be a server's name here. */
  name: string
  /** As the client calls it, where that is another one. */
  formerName?: string
  raw: Record<string, unknown>
  /** What has to be set before it starts: names of secrets that a client asks for. */
  asks: string[]
}

/** What of a client's entry is a server's; what else is there is the client's own. */
const KEYS = [
  ...['command', 'args', 'env', 'cwd', 'type', 'transport'],
  ...['url', 'serverUrl', 'httpUrl', 'headers', 'disabled', 'enabled'],
]

/** `folder`: the working folder, for the servers that a client keeps for it alone. */
export function readServers(file: unknown, folder: string): FoundServer[] {
  const found = new Map<string, FoundServer>()
  for (const group of groupsOf(file, folder)) {
    for (const [formerName, entry] of Object.entries(group)) {
      const server = isObject(entry) ? toServer(formerName, entry) : undefined
      if (server !== undefined && !found.has(server.name)) found.set(server.name, server)
    }
  }
  return [...found.values()]
}

/** `mcpServers`, VS Code's `servers`, older `mcp.servers`, Zed's `context_servers`; the most special first. */
function groupsOf(file: unknown, folder: string): Record<string, unknown>[] {
  if (!isObject(file)) return []
  const { mcp, projects } = file
  const project = isObject(projects) ? projects[folder] : undefined
  const groups = [
    isObject(project) ? project.mcpServers : undefined,
    ...[file.mcpServers, file.servers, file.context_servers],
    isObject(mcp) ? mcp.servers : undefined,
  ]
  return groups.filter(isObject)
}

function toServer(formerName: string, entry: Record<string, unknown>): FoundServer | undefined {
  const name = toName(formerName)
  if (name === undefined) return undefined
  const asks = new Set<string>()
  const own = Object.entries(flatten(entry)).filter(([key]) => KEYS.includes(key))
  const raw = Object.fromEntries(own.map(([key, value]) => [key, translate(value, asks)]))
  return { name, ...(name !== formerName && { formerName }), raw, asks: [...asks] }
}

/** Zed could have the command's parts in an object of their own. */
function flatten(entry: Record<string, unknown>): Record<string, unknown> {
  const { command } = entry
  if (!isObject(command)) return entry
  const { path, args, env } = command
  return {
    ...entry,
    command: path,
    ...(args !== undefined && { args }),
    ...(isObject(env) && { env }),
  }
}

function toName(text: string): string | undefined {
  if (SERVER_NAME.test(text)) return text
  const mended = text
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[._-]+|-+$/g, '')
    .slice(0, 64)
  return mended === '' ? undefined : mended
}

/** `${env:NAME}` is a variable here, and `${input:NAME}`, which a client asks its user for, a secret. */
function translate(value: unknown, asks: Set<string>): unknown {
  if (Array.isArray(value)) return value.map((item) => translate(item, asks))
  if (isObject(value)) {
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, translate(item, asks)]),
    )
  }
  if (typeof value !== 'string') return value
  return value
    .replace(/\$\{env:([A-Za-z_][A-Za-z0-9_]*)\}/g, '${$1}')
    .replace(/\$\{userHome\}/g, '${HOME}')
    .replace(/\$\{input:([^}]+)\}/g, (_whole, id: string) => {
      const name = toSecretName(id)
      asks.add(name)
      return `\${secret:${name}}`
    })
}

/** As `SECRET_NAME` has them. */
export function toSecretName(text: string): string {
  const name = text
    .replace(/[^A-Za-z0-9]+/g, '_')
    .replace(/^[_0-9]+|_+$/g, '')
    .toUpperCase()
  return (name === '' ? 'SECRET' : name).slice(0, 64)
}
