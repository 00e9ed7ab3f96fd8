import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'

export interface Settings {
  port: number
  host: string
  token: string | undefined
  logLevel: string | undefined
  /** The end of standard input ends the host program. */
  endsWithParent: boolean
  keepMs: number
  cacheDir: string
  nodeModules: string[]
  baseEnv: Record<string, string>
  installEnv: Record<string, string>
}

type Env = Record<string, string | undefined>

/** What every process may know of the machine. */
const BASE_NAME = /^(PATH|HOME|LANG|LC_[A-Z]+)$/

/** What package managers need beside that: registries, proxies, certificates. */
const INSTALL_NAME =
  /^(npm_config_.*|UV_.*|PIP_.*|(HTTPS?|ALL|NO)_PROXY|SSL_CERT_(FILE|DIR)|NODE_EXTRA_CA_CERTS|TMPDIR)$/i

/** Throws `TypeError` that names the variable. */
export function parseSettings(env: Env): Settings {
  const baseEnv = pick(env, BASE_NAME)
  return {
    port: parseNumber(env, 'PORT', 8080, 65_535),
    host: env.HOST ?? '0.0.0.0',
    token: env.HOST_PROGRAM_TOKEN,
    logLevel: env.LOG_LEVEL,
    endsWithParent: env.HEARTH_PARENT_PIPE === '1',
    keepMs: parseNumber(env, 'HEARTH_KEEP_MS', 600_000, 86_400_000),
    cacheDir: env.HEARTH_CACHE ?? join(homedir(), '.cache', 'hearth'),
    nodeModules: (env.HEARTH_NODE_MODULES ?? '').split(delimiter).filter((path) => path !== ''),
    baseEnv,
    installEnv: { ...baseEnv, ...pick(env, INSTALL_NAME) },
  }
}

function parseNumber(env: Env, name: string, fallback: number, max: number): number {
  const text = env[name]
  if (text === undefined || text === '') return fallback
  const value = Number(text)
  if (Number.isInteger(value) && value >= 0 && value <= max) return value
  throw new TypeError(`${name} must be a whole number from 0 to ${max}, not ${text}`)
}

function pick(env: Env, name: RegExp): Record<string, string> {
  const picked: Record<string, string> = {}
  for (const [key, value] of Object.entries(env)) {
    if (value !== undefined && name.test(key)) picked[key] = value
  }
  return picked
}
