/** `${VAR}` and `${VAR:-default}`: the default stands for a variable that is unset or empty, as in a shell. */
const REFERENCE = /\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g

/** `${env:NAME}`, `${input:name}` and the like, of other programs. A shell's own forms have no name there. */
const PREFIXED = /\$\{([A-Za-z_][A-Za-z0-9_]*):[A-Za-z_][^}]*\}/g
/** LibreChat fills these in for each of its users. */
const OF_A_USER = /\{\{LIBRECHAT_\w*\}\}/g
/** The gateway puts them in, when a process is started. */
const SECRET_PREFIXES: ReadonlySet<string> = new Set(['secret', 'principal'])

export interface Interpolated {
  text: string
  /** Variables that have neither a value nor a default. */
  missing: string[]
  /** References that nobody would fill in. */
  unknown: string[]
}

export function interpolate(
  text: string,
  variables: Readonly<Record<string, string | undefined>>,
): Interpolated {
  const missing: string[] = []
  const result = text.replace(REFERENCE, (whole, name: string, fallback: string | undefined) => {
    const value = variables[name]
    if (fallback !== undefined) return value === undefined || value === '' ? fallback : value
    if (value === undefined) missing.push(name)
    return value ?? whole
  })
  const prefixes = [...text.matchAll(PREFIXED)].map(([, prefix = '']) => prefix)
  const others = prefixes.filter((prefix) => !SECRET_PREFIXES.has(prefix))
  const unknown = [
    ...others.map((prefix) => `\${${prefix}:…}`),
    ...[...text.matchAll(OF_A_USER)].map(([whole]) => whole),
  ]
  return { text: result, missing, unknown }
}
