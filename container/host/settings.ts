import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'

export interface Settings {
  port: number
  host: string
  /** Absent: the first line of standard input is the token. */
  token: string | undefined
  /** The only cell that may be made; absent: any. */
  cell: string | undefined
  /** Whom servers and package managers run as; absent: as the host program does. */
  serverUser: User | undefined
  /** What servers' files are not open to; absent: as of the host program. */
  umask: number | undefined
  logLevel: string | undefined
  /** The end of standard input ends the host program. */
  endsWithParent: boolean
  keepMs: number
  /** How long SIGTERM waits for requests in flight; 0: it ends everything at once. */
  drainMs: number
  /** What processes may take that nobody has; absent: a share of what is free. */
  warmBytes: number | undefined
  cacheDir: string
  nodeModules: string[]
  baseEnv: Record<string, string>
  installEnv: Record<string, string>
}

/** A user of the system, and the group of the same number. */
export interface User {
  uid: number
  gid: number
}

type Env = Record<string, string | undefined>

/** What every process may know of the machine. */
const BASE_NAME = /^(PATH|HOME|LANG|LC_[A-Z]+)$/

/** What package managers need beside that: registries, proxies, certificates. */
const INSTALL_NAME =
  /^(npm_config_.*|UV_.*|PIP_.*|(HTTPS?|ALL|NO)_PROXY|SSL_CERT_(FILE|DIR)|NODE_EXTRA_CA_CERTS|TMPDIR)$/i

const MAX_MIB = 2 ** 24
const MAX_UID = 2 ** 31 - 1

/** Throws `TypeError` that names the variable. */
export function parseSettings(env: Env): Settings {
  const baseEnv = pick(env, BASE_NAME)
  const uid = parseNumber(env, 'HEARTH_SERVER_UID', 0, MAX_UID)
  return {
    port: parseNumber(env, 'PORT', 8080, 65_535),
    host: env.HOST ?? '0.0.0.0',
    token: parseToken(env),
    cell: env.HEARTH_CELL,
    serverUser: uid === 0 ? undefined : { uid, gid: uid },
    umask: parseUmask(env),
    logLevel: env.LOG_LEVEL,
    endsWithParent: env.HEARTH_PARENT_PIPE === '1',
    keepMs: parseNumber(env, 'HEARTH_KEEP_MS', 600_000, 86_400_000),
    drainMs: parseNumber(env, 'HEARTH_DRAIN_MS', 0, 86_400_000),
    warmBytes: parseMebibytes(env, 'HEARTH_WARM_MIB'),
    cacheDir: env.HEARTH_CACHE ?? join(homedir(), '.cache', 'hearth'),
    nodeModules: (env.HEARTH_NODE_MODULES ?? '').split(delimiter).filter((path) => path !== ''),
    baseEnv,
    installEnv: { ...baseEnv, ...pick(env, INSTALL_NAME) },
  }
}

/** Nobody else's `configure` may be obeyed: without a token there is no host program. */
function parseToken({ HOST_PROGRAM_TOKEN: token, HEARTH_PARENT_PIPE }: Env): string | undefined {
  if (token !== undefined && token !== '') return token
  if (HEARTH_PARENT_PIPE === '1') return undefined
  throw new TypeError('HOST_PROGRAM_TOKEN must be set: what the object proves itself with')
}

function parseUmask({ HEARTH_UMASK: text }: Env): number | undefined {
  if (text === undefined || text === '') return undefined
  if (/^[0-7]{1,3}$/.test(text)) return Number.parseInt(text, 8)
  throw new TypeError(`HEARTH_UMASK must be an octal number, not ${text}`)
}

function parseNumber(env: Env, name: string, fallback: number, max: number): number {
  const text = env[name]
  if (text === undefined || text === '') return fallback
  const value = Number(text)
  if (Number.isInteger(value) && value >= 0 && value <= max) return value
  throw new TypeError(`${name} must be a whole number from 0 to ${max}, not ${text}`)
}

function parseMebibytes(env: Env, name: string): number | undefined {
  if (env[name] === undefined || env[name] === '') return undefined
  return parseNumber(env, name, 0, MAX_MIB) * 2 ** 20
}

function pick(env: Env, name: RegExp): Record<string, string> {
  const picked: Record<string, string> = {}
  for (const [key, value] of Object.entries(env)) {
    if (value !== undefined && name.test(key)) picked[key] = value
  }
  return picked
}
