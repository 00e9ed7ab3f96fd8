/** What was changed of servers, or ignored, as it is told: what is the same for several of them, once. Pure. */
import type { Translated } from './draft.ts'

export interface Noted extends Pick<Translated, 'notes' | 'ignored'> {
  name: string
}

interface Group extends Noted {
  names: string[]
}

/** One line for the servers that have the same notes. */
export function toNoteLines(servers: readonly Noted[]): string[] {
  const lines = new Map<string, Omit<Group, 'name'>>()
  for (const kind of ['notes', 'ignored'] as const) {
    for (const text of new Set(servers.flatMap((server) => server[kind]))) {
      const names = servers.filter((server) => server[kind].includes(text)).map(({ name }) => name)
      const key = JSON.stringify(names)
      const line = lines.get(key) ?? { names, notes: [], ignored: [] }
      line[kind].push(text)
      lines.set(key, line)
    }
  }
  return [...lines.values()].map(toLine)
}

function toLine({ names, notes, ignored }: Omit<Group, 'name'>): string {
  const who = names.map((name) => JSON.stringify(name)).join(', ')
  const all = ignored.length === 0 ? notes : [...notes, `ignored ${ignored.join(', ')}`]
  return `${names.length === 1 ? 'server' : 'servers'} ${who}: ${all.join('; ')}`
}
