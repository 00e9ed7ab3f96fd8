/** A configuration file of this machine as the target of an import: what it has stays as it is. */
import { existsSync, readFileSync, realpathSync, renameSync, writeFileSync } from 'node:fs'
import { isObject } from '#protocol/json-rpc.ts'
import { describeError, Failure } from '../failure.ts'

export interface LocalFile {
  isNew: boolean
  names: ReadonlySet<string>
  /** Those of a name that is there are replaced. */
  add(servers: readonly { name: string; raw: Record<string, unknown> }[]): void
}

/** Throws `Failure` for a file that is no configuration, or that would lose its comments. */
export function openLocalFile(path: string): LocalFile {
  const isNew = !existsSync(path)
  const content = isNew ? { mcpServers: {} } : read(path)
  return {
    isNew,
    names: new Set(namesOf(content, path)),
    add(added) {
      write(path, isNew, merge(content, added))
    },
  }
}

function read(path: string): Record<string, unknown> {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw new Failure(`cannot read ${path}: ${describeError(error)}`)
  }
  try {
    const content: unknown = JSON.parse(text.replace(/^\uFEFF/, ''))
    if (isObject(content)) return content
  } catch {
    // the engine's message quotes the text
  }
  throw new Failure(`${path} is no configuration in plain JSON: it is not touched`)
}

/** Only the forms that Hearth itself writes: what another client reads is not changed. */
function namesOf({ mcpServers, servers }: Record<string, unknown>, path: string): string[] {
  const group = mcpServers ?? servers
  if (isObject(group)) return Object.keys(group)
  if (!Array.isArray(group)) throw new Failure(`${path}: has no "mcpServers": it is not touched`)
  return group.flatMap((one: unknown) => (isObject(one) ? [String(one.name)] : []))
}

/** In the form that the file has. */
function merge(
  content: Record<string, unknown>,
  added: readonly { name: string; raw: Record<string, unknown> }[],
): Record<string, unknown> {
  const byName = Object.fromEntries(added.map(({ name, raw }) => [name, raw]))
  const key = content.mcpServers === undefined ? 'servers' : 'mcpServers'
  const former = content[key]
  if (!Array.isArray(former)) {
    return { ...content, [key]: { ...(isObject(former) ? former : {}), ...byName } }
  }
  const kept = former.filter((one: unknown) => {
    return !isObject(one) || !Object.hasOwn(byName, String(one.name))
  })
  return { ...content, [key]: [...kept, ...added.map(({ name, raw }) => ({ name, ...raw }))] }
}

/** Written beside and moved, so that whoever watches it never reads half of it. */
function write(path: string, isNew: boolean, content: unknown): void {
  try {
    const target = isNew ? path : realpathSync(path)
    writeFileSync(`${target}.new`, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 })
    renameSync(`${target}.new`, target)
  } catch (error) {
    throw new Failure(`cannot write ${path}: ${describeError(error)}`)
  }
}
