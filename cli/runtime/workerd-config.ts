/** What workerd serves, as its configuration file says it: see workerd.capnp of its package. */
import { readFileSync } from 'node:fs'

/** The same as in wrangler.toml. */
export const COMPATIBILITY_DATE = '2026-11-01'

/** Binding and class, as in wrangler.toml, but with the local server host. */
const OBJECTS = {
  TENANT: 'Tenant',
  SERVER_HOST: 'LocalServerHost',
  DIRECTORY: 'Directory',
  RATE_LIMITER: 'RateLimiter',
} as const

export interface WorkerdConfig {
  bundle: string
  /** Names of the worker's isolates. Each has a socket of its name; the first has the objects. */
  isolates: readonly [string, ...string[]]
  /** Folder of the objects' SQLite files. */
  objects: string
  /** Where the host program listens: `address:port`. */
  hostProgram: string
  /** The worker's variables and secrets. */
  texts: Record<string, string>
}

/** Where the sockets listen is for the command line to say. */
export function toConfigText(config: WorkerdConfig): string {
  const { isolates, objects, hostProgram } = config
  const text = toCapnp({
    services: [
      ...isolates.map((name, n) => ({ name, worker: toWorker(config, n === 0) })),
      { name: 'objects', disk: { path: objects, writable: true } },
      { name: 'host-program', external: { address: hostProgram, http: {} } },
      {
        name: 'internet',
        network: {
          // The last is neither; some VPNs map names to it.
          allow: ['public', 'private', '240.0.0.0/4'],
          tlsOptions: { trustBrowserCas: true, trustedCertificates: extraCertificates() },
        },
      },
    ],
    sockets: isolates.map((name) => ({ name, service: name, http: {} })),
    logging: { structuredLogging: true },
  })
  return `using Workerd = import "/workerd/workerd.capnp";\nconst config :Workerd.Config = ${text};\n`
}

function toWorker({ bundle, isolates, texts }: WorkerdConfig, hasObjects: boolean) {
  const [serviceName] = isolates
  return {
    modules: [{ name: 'worker.js', esModule: bundle }],
    compatibilityDate: COMPATIBILITY_DATE,
    bindings: [
      ...Object.entries(texts).map(([name, text]) => ({ name, text })),
      ...Object.entries(OBJECTS).map(([name, className]) => ({
        name,
        durableObjectNamespace: { className, serviceName },
      })),
      { name: 'HOST_PROGRAM', service: 'host-program' },
    ],
    ...(hasObjects && {
      durableObjectNamespaces: Object.values(OBJECTS).map((className) => ({
        className,
        // Names of folders and ids of objects follow from it.
        uniqueKey: `hearth-${className}`,
        enableSql: true,
      })),
      durableObjectStorage: { localDisk: 'objects' },
    }),
  }
}

/** What Node trusts beside the system, the worker trusts as well. */
function extraCertificates(): string[] {
  const path = process.env.NODE_EXTRA_CA_CERTS
  if (path === undefined) return []
  try {
    const pem = readFileSync(path, 'utf8')
    return pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  } catch {
    return [] // Node itself only warns of it
  }
}

type Value = string | boolean | readonly Value[] | { readonly [key: string]: Value }

/** A value in Cap'n Proto's text format. */
export function toCapnp(value: Value): string {
  if (typeof value === 'boolean') return String(value)
  if (typeof value === 'string') return quote(value)
  if (isList(value)) return `[${value.map(toCapnp).join(', ')}]`
  const fields = Object.entries(value).map(([key, field]) => `${key} = ${toCapnp(field)}`)
  return `(${fields.join(', ')})`
}

function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value)
}

/** Quotes, backslashes and control characters of ASCII. */
const SPECIAL = /[^ !#-[\]-~\u{80}-\u{10ffff}]/gu

function quote(text: string): string {
  const escape = (char: string): string =>
    char === '"' || char === '\\'
      ? `\\${char}`
      : `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`
  return `"${text.replace(SPECIAL, escape)}"`
}
