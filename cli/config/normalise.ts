/** One server of the file → its `ServerConfig`, or what is wrong with it. */
import { isAbsolute, resolve } from 'node:path'
import { describeIssues } from '#protocol/issues.ts'
import { isObject } from '#protocol/json-rpc.ts'
import { isPrivateHost } from '#protocol/remote/url.ts'
import { RemoteConfig, type ServerConfig } from '#protocol/server-config.ts'
import { FileRemoteServer, FileStdioServer, TRANSPORT_NAMES, URL_SPELLINGS } from './file-schema.ts'
import { interpolate } from './interpolate.ts'
import type { RawServer } from './server-list.ts'

export interface Surroundings {
  /** What `${VAR}` may name. */
  variables: Readonly<Record<string, string | undefined>>
  /** Relative working folders start here; also the default. Absent: they stay as they are written. */
  folder?: string
}

export type Normalised =
  { config: ServerConfig; problems?: never } | { problems: string[]; config?: never }

const FILLED_KEYS = ['command', 'args', 'cwd', 'headers', ...URL_SPELLINGS]

export function normaliseServer(server: RawServer, surroundings: Surroundings): Normalised {
  const { at, raw } = server
  const problems = [...server.problems]
  if (problems.length > 0 && Object.keys(raw).length === 0) return { problems }
  const filled = fillIn(raw, at, surroundings.variables, problems)
  return isRemote(raw)
    ? toRemote(server, filled, problems)
    : toStdio(server, filled, problems, surroundings.folder)
}

function isRemote(raw: Record<string, unknown>): boolean {
  if (URL_SPELLINGS.some((key) => raw[key] !== undefined)) return true
  return [raw.type, raw.transport].some((name) => Object.hasOwn(TRANSPORT_NAMES, String(name)))
}

function toStdio(
  { at, raw }: RawServer,
  filled: Record<string, unknown>,
  problems: string[],
  folder: string | undefined,
): Normalised {
  const { data, error } = FileStdioServer.safeParse(filled)
  problems.push(...describeIssues(error?.issues ?? [], { schema: FileStdioServer, value: raw, at }))
  if (data === undefined || problems.length > 0) return { problems }
  const { type: _, transport: _t, ...rest } = data
  const own = withEnabled(rest)
  if (folder === undefined) return { config: own }
  const { cwd = '.' } = own
  return { config: { ...own, cwd: isAbsolute(cwd) ? cwd : resolve(folder, cwd) } }
}

function toRemote(
  { at, raw }: RawServer,
  filled: Record<string, unknown>,
  problems: string[],
): Normalised {
  if (raw.command !== undefined) {
    return { problems: [`${at}: has a "command" and a URL: remove one of them`] }
  }
  const { data, error } = FileRemoteServer.safeParse(filled)
  problems.push(
    ...describeIssues(error?.issues ?? [], { schema: FileRemoteServer, value: raw, at }),
  )
  if (data === undefined || problems.length > 0) return { problems }
  const { type, transport = type, url, serverUrl, httpUrl, ...rest } = data
  const [target, ...others] = [url, serverUrl, httpUrl].filter((one) => one !== undefined)
  if (target === undefined || others.length > 0) {
    return { problems: [`${at}: must have one "url"`] }
  }
  if (!data.allowPrivate && isPrivateHost(new URL(target))) {
    const { hostname } = new URL(target)
    const hint = 'set "allowPrivate": true if that is meant'
    return { problems: [`${at}.url: ${hostname} is not on the public internet: ${hint}`] }
  }
  const named = transport === undefined ? undefined : TRANSPORT_NAMES[transport]
  const own = withEnabled(rest)
  const config = { ...own, url: target, transport: named ?? guessTransport(target) }
  return { config: RemoteConfig.parse(config) }
}

/** Servers of HTTP+SSE have their stream at a path of that name, by habit. */
function guessTransport(url: string): RemoteConfig['transport'] {
  const { protocol, pathname } = new URL(url)
  if (/^wss?:$/.test(protocol)) return 'websocket'
  return /\/sse\/?$/.test(pathname) ? 'sse' : 'http'
}

/** `disabled: true` is another spelling of `enabled: false`. */
function withEnabled<T extends FileStdioServer | Omit<FileRemoteServer, 'url'>>(server: T) {
  const { disabled, ...own } = server
  return { ...own, enabled: own.enabled && disabled !== true }
}

/** Fills variables in where they are allowed: those of the server's own `env` go before those around it. */
function fillIn(
  raw: Record<string, unknown>,
  at: string,
  variables: Surroundings['variables'],
  problems: string[],
): Record<string, unknown> {
  const filled = { ...raw }
  const own = textsOf(raw.env)
  const literal = own.filter(([, text]) => !text.includes('${'))
  if (isObject(raw.env)) {
    const entries = Object.entries(raw.env).map(([name, value]) => {
      const others = Object.fromEntries(literal.filter(([other]) => other !== name))
      return [name, fill(value, `${at}.env.${name}`, { ...variables, ...others }, problems)]
    })
    filled.env = Object.fromEntries(entries)
  }
  const all = { ...variables, ...Object.fromEntries(textsOf(filled.env)) }
  for (const key of FILLED_KEYS) {
    if (raw[key] === undefined) continue
    const known = key === 'args' && fillsInItself(raw) ? { ...all, ...asTheyAre(own) } : all
    filled[key] = fill(raw[key], `${at}.${key}`, known, problems)
  }
  return filled
}

/** mcp-remote reads its own variables: in its arguments they would be shown by the process list. */
function fillsInItself({ command, args }: Record<string, unknown>): boolean {
  const words: unknown[] = [command, ...(Array.isArray(args) ? (args as unknown[]) : [])]
  return words.some((word) => /(^|\/)mcp-remote(@|$)/.test(String(word)))
}

function asTheyAre(entries: readonly [name: string, text: string][]): Record<string, string> {
  return Object.fromEntries(entries.map(([name]) => [name, `\${${name}}`]))
}

function textsOf(group: unknown): [name: string, text: string][] {
  return isObject(group)
    ? Object.entries(group).flatMap(([name, value]) =>
        typeof value === 'string' ? [[name, value]] : [],
      )
    : []
}

function fill(
  value: unknown,
  path: string,
  variables: Surroundings['variables'],
  problems: string[],
): unknown {
  if (Array.isArray(value)) {
    return value.map((item, index) => fill(item, `${path}[${index}]`, variables, problems))
  }
  if (isObject(value)) {
    const entries = Object.entries(value)
    return Object.fromEntries(
      entries.map(([key, item]) => [key, fill(item, `${path}.${key}`, variables, problems)]),
    )
  }
  if (typeof value !== 'string') return value
  const { text, missing, unknown } = interpolate(value, variables)
  for (const reference of unknown) {
    problems.push(
      `${path}: nothing fills in ${reference}: write \${NAME} for a variable of the ` +
        'environment, ${secret:NAME} or ${principal:NAME} for a secret',
    )
  }
  for (const name of missing) {
    problems.push(`${path}: the variable ${name} is not set: set it, or write \${${name}:-default}`)
  }
  return text
}
