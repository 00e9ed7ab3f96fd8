/** Which values of a server look like credentials: by how they are called, or by their form. Pure. */
import { toSecretName } from '../config/references.ts'

export interface Credential {
  server: string
  /** Where it stands: `env.GITHUB_TOKEN`. */
  at: string
  /** Of the secret that it becomes. */
  name: string
  value: string
}

export interface Holder {
  env?: Record<string, string> | undefined
  headers?: Record<string, string> | undefined
}

const NAMED =
  /(^|[_-])(api_?-?key|access_?key|secret|token|pass(word|wd|phrase)?|pwd|auth(orization)?|credentials?|private_?key|pat|dsn|cookie|bearer|key)s?($|[_-])/i
const FORMS = [
  /^(gh[pousr]_|github_pat_|glpat-|sk[-_]|pk_live_|rk_live_|xox[abprs]-|xapp-|shpat_|hf_|npm_|dop_v1_)/,
  /^(AKIA|ASIA)[A-Z0-9]{16}$/,
  /^AIza[\w-]{35}$/,
  /^eyJ[\w-]+\.[\w-]+\.[\w-]*$/,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----/,
  /^[a-z][a-z0-9+.-]*:\/\/[^/\s:@]*:[^/\s@]+@/i,
]
/** What is called like one and is not: a switch, a path, an address. */
const HARMLESS =
  /^(|true|false|yes|no|on|off|none|null|\d{1,6}|https?:\/\/[^@]*|[~.]?\/.*|[A-Za-z]:\\.*)$/i
const SCHEME = /^(Bearer|Basic|Token|ApiKey) +/i
const FLAG = /^--?[\w-]*(key|token|secret|password|passwd|auth)[\w-]*(=(?<value>.+))?$/i

export function looksLikeCredential(name: string, value: string): boolean {
  if (value.includes('${')) return false
  const bare = value.replace(SCHEME, '')
  if (FORMS.some((form) => form.test(bare))) return true
  return NAMED.test(name) && !HARMLESS.test(bare)
}

export interface Known {
  /** Values by the names that are in use; those of secrets that are there already are not known. */
  taken: Map<string, string | undefined>
  /** Of `env`: secret whatever they are called, since they come from a file of secrets. */
  secretVariables?: readonly string[]
}

/**
 * Takes the credentials of a server out: in their place stand references to secrets. Equal values
 * under one name are one secret.
 */
export function extractCredentials(
  server: string,
  holder: Holder,
  { taken, secretVariables = [] }: Known,
): Holder & { credentials: Credential[] } {
  const credentials: Credential[] = []
  const extract = (group: 'env' | 'headers'): Record<string, string> | undefined => {
    const values = holder[group]
    if (values === undefined) return undefined
    const extracted: Record<string, string> = {}
    for (const [key, text] of Object.entries(values)) {
      extracted[key] = text
      const isSaid = group === 'env' && secretVariables.includes(key) && text !== ''
      if (!isSaid && !looksLikeCredential(key, text)) continue
      const scheme = SCHEME.exec(text)?.[0] ?? ''
      const value = text.slice(scheme.length)
      const name = chooseName(server, key, value, taken)
      taken.set(name, value)
      credentials.push({ server, at: `${group}.${key}`, name, value })
      extracted[key] = `${scheme}\${secret:${name}}`
    }
    return extracted
  }
  return { env: extract('env'), headers: extract('headers'), credentials }
}

/** Arguments that look like credentials: told of, and left as they are. */
export function findInArguments(args: readonly string[]): string[] {
  return args.flatMap((arg, index) => {
    const { value } = FLAG.exec(arg)?.groups ?? {}
    const [flag = ''] = arg.split('=')
    const next = args[index + 1] ?? ''
    const given = value ?? (FLAG.test(arg) && !next.startsWith('-') ? next : '')
    const isFlagged =
      FLAG.test(arg) && given !== '' && !given.includes('${') && !HARMLESS.test(given)
    if (isFlagged) return [flag]
    return FORMS.some((form) => form.test(arg)) ? [`argument ${index + 1}`] : []
  })
}

function chooseName(
  server: string,
  key: string,
  value: string,
  taken: ReadonlyMap<string, string | undefined>,
): string {
  const isFree = (name: string): boolean => !taken.has(name) || taken.get(name) === value
  const plain = toSecretName(key)
  // A header is called the same with every server.
  const isCommon = plain === 'AUTHORIZATION' || plain === 'COOKIE' || plain === 'X_API_KEY'
  if (!isCommon && isFree(plain)) return plain
  const own = toSecretName(`${server}_${key}`)
  for (let n = 1; ; n++) {
    const name = n === 1 ? own : `${own.slice(0, 60)}_${n}`
    if (isFree(name)) return name
  }
}
