/** `${VAR}` and `${VAR:-default}`: the default stands for a variable that is unset or empty, as in a shell. */
const REFERENCE = /\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g

export interface Interpolated {
  text: string
  /** Variables that have neither a value nor a default. */
  missing: string[]
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
  return { text: result, missing }
}
