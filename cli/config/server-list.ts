/** The servers of a file in any of the forms that are read, each with its name, its keys and what was left out. */
import { isObject } from '#protocol/json-rpc.ts'
import { SERVER_NAME } from '#protocol/server-config.ts'
import { toServerName } from './server-names.ts'
import type { Place, Translated } from './draft.ts'
import type { Entry } from './registry-server.ts'
import { findEntries } from './shapes.ts'
import { translateServer } from './translate-server.ts'

export interface RawServer extends Translated {
  name: string
  /** As the file calls it, where that cannot be a name here. */
  formerName?: string
  /** For messages: `mcpServers.github` or `servers[2]`. */
  at: string
}

export interface ServerList {
  servers: RawServer[]
  /** Of the whole file. */
  problems: string[]
  notes: string[]
}

export interface FilePlace extends Omit<Place, 'at'> {
  /** The working folder, for the servers that Claude Code keeps for it alone. */
  cwd: string
}

export function listServers(file: unknown, place: FilePlace): ServerList {
  const { entries, problems, notes, isOff } = findEntries(file, place.cwd)
  const names = entries.flatMap(({ name = '' }) => (SERVER_NAME.test(name) ? [name] : []))
  const taken = new Set(names)
  const servers = new Map<string, RawServer>()
  for (const one of entries) {
    const server = toServer(one, place, taken)
    const former = servers.get(server.name)
    if (former !== undefined) {
      notes.push(`${one.at}: left out; ${former.at} has the same name`)
      continue
    }
    if (isOff(one.name ?? '')) {
      server.raw.enabled = false
      server.notes.push('switched off in the file')
    }
    servers.set(server.name, server)
    taken.add(server.name)
  }
  return { servers: [...servers.values()], problems, notes }
}

function toServer(
  { name: former, at, entry }: Entry,
  place: FilePlace,
  taken: ReadonlySet<string>,
): RawServer {
  const name = toServerName(former ?? at, taken)
  const own = { name, at, ...(former !== undefined && former !== name && { formerName: former }) }
  const empty = { raw: {}, notes: [], ignored: [], asks: [], secretVariables: [] }
  if (former === undefined) {
    const problem = `${at}.name: must be a string: every server of the list form has a name`
    return { ...own, ...empty, problems: [problem] }
  }
  if (!isObject(entry)) {
    return { ...own, ...empty, problems: [`${at}: must be an object with "command"`] }
  }
  const translated = translateServer(entry, { at, ...place })
  const { formerName } = own
  if (formerName !== undefined)
    translated.notes.unshift(`called ${JSON.stringify(formerName)} in the file`)
  return { ...own, ...translated }
}
