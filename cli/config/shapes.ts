/** Where the servers of a file are, in the forms that clients have, or what the file looks like instead. Pure. */
import { didYouMean } from '#protocol/did-you-mean.ts'
import { isObject } from '#protocol/json-rpc.ts'
import { toServerOfRegistry, type Entry } from './registry-server.ts'

export interface Shape {
  /** The most special first: of two with one name the first counts. */
  entries: Entry[]
  problems: string[]
  /** Servers that the file switches off elsewhere. */
  isOff: (name: string) => boolean
  /** Keys of the file that Hearth has no place for and that should be known of. */
  notes: string[]
}

/** `cwd`: the working folder, for the servers that Claude Code keeps for it alone. */
export function findEntries(file: unknown, cwd: string): Shape {
  const shape: Shape = { entries: [], problems: [], isOff: () => false, notes: [] }
  if (!isObject(file)) {
    shape.problems.push('must be an object with "mcpServers"')
    return shape
  }
  const groups = groupsOf(file, cwd)
  for (const [at, group] of groups) addGroup(shape, at, group)
  if (groups.length > 0) {
    shape.isOff = switchedOff(file, cwd)
    shape.notes.push(...restrictions(file))
    shape.entries = shape.entries.map((one) => withoutTools(one, file.tools))
    return shape
  }
  const single = toServerOfRegistry(file)
  if (single !== undefined) shape.entries.push(single)
  else if (isBareMap(file)) addGroup(shape, '', withoutOwnKeys(file))
  else shape.problems.push(describeStranger(file))
  return shape
}

function groupsOf(file: Record<string, unknown>, cwd: string): [at: string, group: unknown][] {
  const { mcp, projects } = file
  const project = isObject(projects) ? projects[cwd] : undefined
  const groups: [string, unknown][] = [
    [`projects.${cwd}.mcpServers`, isObject(project) ? project.mcpServers : undefined],
    ['mcpServers', file.mcpServers],
    ['servers', file.servers],
    ['context_servers', file.context_servers],
    ['mcp_servers', file.mcp_servers],
    ['mcp.servers', isObject(mcp) ? mcp.servers : undefined],
    ['mcp', isObject(mcp) && isBareMap(mcp) ? mcp : undefined],
    [
      'extensions',
      isObject(file.extensions) && isOfGoose(file.extensions) ? file.extensions : undefined,
    ],
  ]
  return groups.filter(([, group]) => group !== undefined && group !== null)
}

function addGroup(shape: Shape, at: string, group: unknown): void {
  if (Array.isArray(group)) {
    group.forEach((item: unknown, index) => {
      const { name, ...entry } = isObject(item) ? item : {}
      const isNamed = typeof name === 'string'
      const own = { name: isNamed ? name : undefined, at: `${at}[${index}]` }
      shape.entries.push({ ...own, entry: isObject(item) ? entry : item })
    })
  } else if (isObject(group)) {
    for (const [name, entry] of Object.entries(group)) {
      shape.entries.push({ name, at: at === '' ? name : `${at}.${name}`, entry })
    }
  } else shape.problems.push(`${at}: must be an object of servers by name`)
}

const STARTS = ['command', 'cmd', 'url', 'serverUrl', 'httpUrl', 'uri']

function isServer(value: unknown): boolean {
  return isObject(value) && STARTS.some((key) => value[key] !== undefined)
}

function isBareMap(file: Record<string, unknown>): boolean {
  return Object.values(file).some(isServer)
}

function withoutOwnKeys(file: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(file).filter(([, value]) => isServer(value)))
}

function isOfGoose(extensions: Record<string, unknown>): boolean {
  return Object.values(extensions).some((one) => {
    return isObject(one) && (typeof one.type === 'string' || isObject(one.config))
  })
}

/** LibreChat: hosts of remote servers, which Hearth bounds by none. */
function restrictions({ mcpSettings }: Record<string, unknown>): string[] {
  if (!isObject(mcpSettings) || mcpSettings.allowedDomains === undefined) return []
  return [
    'mcpSettings.allowedDomains is not taken over: servers of any domain are reached. Leave out those that are not to be',
  ]
}

const OFF = ['excluded', 'excludeMCPServers', 'disabledMcpServers', 'disabledServers']

/** Lists of names beside the servers: of Gemini CLI (`mcp`), and of Claude Code for a folder. */
function switchedOff(file: Record<string, unknown>, cwd: string): (name: string) => boolean {
  const { mcp, projects } = file
  const project = isObject(projects) ? projects[cwd] : undefined
  const places = [mcp, project, file].filter(isObject)
  const off = places.flatMap((place) => OFF.map((key) => place[key])).flatMap(toNames)
  const allowed = [isObject(mcp) ? mcp.allowed : undefined, file.allowMCPServers]
    .filter((list) => Array.isArray(list))
    .map(toNames)
  return (name) => off.includes(name) || allowed.some((names) => !names.includes(name))
}

/** opencode: `{"tools": {"{server}_{pattern}": false}}` beside the servers. */
function withoutTools(one: Entry, tools: unknown): Entry {
  const { name = '', entry } = one
  if (!isObject(tools) || !isObject(entry)) return one
  const off = Object.keys(tools).filter((pattern) => tools[pattern] === false)
  const own = off.flatMap((pattern) => {
    if (pattern === `${name}*`) return ['*']
    // It may begin in the name of the server: rather too much than too little.
    if (pattern.startsWith('*')) return [pattern]
    return pattern.startsWith(`${name}_`) ? [pattern.slice(name.length + 1)] : []
  })
  return own.length === 0 ? one : { ...one, entry: { ...entry, excludeTools: own } }
}

function toNames(list: unknown): string[] {
  return Array.isArray(list) ? list.filter((name: unknown) => typeof name === 'string') : []
}

/** What a file without servers looks like, and who reads it. */
const STRANGERS: readonly [keys: readonly string[], says: string][] = [
  [['limits'], 'looks like limits: hearth limits set FILE reads it'],
  [['routes'], 'looks like routes: hearth routes set FILE reads it'],
  [['issuers'], 'looks like issuers: hearth issuers set FILE reads it'],
  [
    ['naming', 'separator', 'whenToolChanges'],
    'looks like a catalog: hearth catalog set FILE reads it',
  ],
  [
    ['manifest_version', 'dxt_version', 'mcpb_version'],
    'looks like the manifest of a desktop extension: write its "mcp_config" under {"mcpServers": {"name": …}}',
  ],
  [['dependencies', 'devDependencies', 'scripts'], 'looks like a package.json'],
  [['services'], 'looks like a compose file'],
  [
    ['command', 'url', 'cmd'],
    'looks like one server without a name: write {"mcpServers": {"name": {…}}}',
  ],
]

function describeStranger(file: Record<string, unknown>): string {
  const keys = Object.keys(file)
  const near = keys.find((key) => didYouMean(key, ['mcpServers', 'servers']) !== undefined)
  if (near !== undefined) return `unknown key ${JSON.stringify(near)}; did you mean mcpServers?`
  const stranger = STRANGERS.find(([signs]) => signs.some((sign) => keys.includes(sign)))
  return `has no "mcpServers": ${stranger?.[1] ?? 'write {"mcpServers": {"name": {"command": "…"}}}'}`
}
