/** References in the values of a client's file → those that are filled in here. Pure. */
import { isObject } from '#protocol/json-rpc.ts'

export interface References {
  /** What `${workspaceFolder}` stands for. */
  workspace: string
  /** Names that each user fills in (`customUserVars` of LibreChat). */
  personal: ReadonlySet<string>
  /** Secrets that have to be set are added. */
  asks: Set<string>
  /** As they are to be named at the command. */
  personalAsks: Set<string>
}

/**
 * `${env:NAME}` is a variable here, and what a client asks its user for, or keeps for him, a secret. Other
 * references stay: where they are filled in, nothing fills them in is said.
 */
export function translateReferences(value: unknown, references: References): unknown {
  if (Array.isArray(value)) return value.map((item) => translateReferences(item, references))
  if (isObject(value)) {
    const entries = Object.entries(value)
    return Object.fromEntries(
      entries.map(([key, item]) => [key, translateReferences(item, references)]),
    )
  }
  return typeof value === 'string' ? translateText(value, references) : value
}

function translateText(
  text: string,
  { workspace, personal, asks, personalAsks }: References,
): string {
  const toSecret = (id: string): string => {
    const name = toSecretName(id)
    asks.add(name)
    return `\${secret:${name}}`
  }
  return text
    .replace(/\$\{\{ *(?:secrets|inputs)\.([\w.-]+) *\}\}/g, (_whole, id: string) => toSecret(id))
    .replace(/\{\{ *([\w.-]+) *\}\}/g, (whole, id: string) => {
      if (!personal.has(id)) return whole
      const name = toSecretName(id)
      personalAsks.add(name)
      return `\${principal:${name}}`
    })
    .replace(/(?:\$\{env:|(?<!\$)\{env:)([A-Za-z_][A-Za-z0-9_]*)\}/g, '${$1}')
    .replace(/\$\{input:([^}]+)\}/g, (_whole, id: string) => toSecret(id))
    .replace(/\$\{userHome\}/g, '${HOME}')
    .replace(/\$\{workspaceFolder(?::[^}]*)?\}/g, () => workspace)
    .replace(/\$\{workspaceFolderBasename\}/g, () => workspace.split(/[\\/]/).at(-1) ?? '')
    .replace(/\$\{(?:pathSeparator|\/)\}/g, () => (workspace.includes('\\') ? '\\' : '/'))
}

/** As `SECRET_NAME` has them. */
export function toSecretName(text: string): string {
  const name = text
    .replace(/[^A-Za-z0-9]+/g, '_')
    .replace(/^[_0-9]+|_+$/g, '')
    .toUpperCase()
  return (name === '' ? 'SECRET' : name).slice(0, 64)
}
