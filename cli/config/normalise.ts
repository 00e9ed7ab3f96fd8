/** One server of the file → its `ServerConfig`, or what is wrong with it. */
import { isAbsolute, resolve } from 'node:path'
import { isObject } from '#protocol/json-rpc.ts'
import { type ServerConfig } from '#protocol/server-config.ts'
import { FileServer } from './file-schema.ts'
import { interpolate } from './interpolate.ts'
import { describeIssue } from './problem.ts'
import type { RawServer } from './server-list.ts'

export interface Surroundings {
  /** What `${VAR}` may name. */
  variables: Readonly<Record<string, string | undefined>>
  /** Relative working folders start here; also the default. Absent: they stay as they are written. */
  folder?: string
}

export type Normalised = { config: ServerConfig; problems?: never } | { problems: string[] }

const REMOTE_TYPES = new Set([
  'http',
  'sse',
  'streamable-http',
  'streamableHttp',
  'ws',
  'websocket',
])

export function normaliseServer(server: RawServer, surroundings: Surroundings): Normalised {
  const { at, raw, name } = server
  if (isRemote(raw)) {
    return {
      problems: [
        `${at}: ${JSON.stringify(name)} is a remote server, which is not supported yet: ` +
          'remove it, or give a stdio "command"',
      ],
    }
  }
  const problems: string[] = []
  const filled = fillIn(raw, at, surroundings.variables, problems)
  const parsed = FileServer.safeParse(filled)
  if (!parsed.success) {
    problems.push(...parsed.error.issues.flatMap((issue) => describeIssue(at, issue, raw)))
  }
  if (!parsed.success || problems.length > 0) return { problems }
  return { config: toServerConfig(parsed.data, surroundings.folder) }
}

function isRemote(raw: Record<string, unknown>): boolean {
  if (raw.url !== undefined || raw.serverUrl !== undefined || raw.httpUrl !== undefined) return true
  return REMOTE_TYPES.has(String(raw.type)) || REMOTE_TYPES.has(String(raw.transport))
}

/** Fills variables in where they are allowed: command, args, env and cwd. */
function fillIn(
  raw: Record<string, unknown>,
  at: string,
  variables: Surroundings['variables'],
  problems: string[],
): Record<string, unknown> {
  const fill = (value: unknown, path: string): unknown => {
    if (typeof value === 'string') {
      const { text, missing, unknown } = interpolate(value, variables)
      for (const prefix of unknown) {
        problems.push(
          `${path}: nothing fills in \${${prefix}:…}: write \${NAME} for a variable of the ` +
            'environment, ${secret:NAME} or ${principal:NAME} for a secret',
        )
      }
      for (const name of missing) {
        problems.push(
          `${path}: the variable ${name} is not set: set it, or write \${${name}:-default}`,
        )
      }
      return text
    }
    if (Array.isArray(value)) return value.map((item, index) => fill(item, `${path}[${index}]`))
    if (!isObject(value)) return value
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, fill(item, `${path}.${key}`)]),
    )
  }
  const filled = { ...raw }
  for (const key of ['command', 'args', 'env', 'cwd']) {
    if (raw[key] !== undefined) filled[key] = fill(raw[key], `${at}.${key}`)
  }
  return filled
}

function toServerConfig(file: FileServer, folder: string | undefined): ServerConfig {
  const {
    type: _,
    transport: _t,
    disabled,
    description: _d,
    alwaysAllow: _a,
    autoApprove: _o,
    ...own
  } = file
  const enabled = own.enabled && disabled !== true
  if (folder === undefined) return { ...own, enabled }
  const { cwd = '.' } = own
  return { ...own, enabled, cwd: isAbsolute(cwd) ? cwd : resolve(folder, cwd) }
}
