/** What an import says: for people, or as one line of JSON. No value of a credential is in either. Pure. */
import { toPlain } from '../table.ts'
import { toNoteLines } from '../config/note-lines.ts'
import type { Credential } from './credentials.ts'
import type { FoundFile } from './find-files.ts'
import type { Plan } from './plan.ts'

export interface Imported {
  files: FoundFile[]
  plan: Plan
  /** Where to: `tenant local`, or a file. */
  target: string
  isDryRun: boolean
}

export function toImportText({ files, plan, target, isDryRun }: Imported): string {
  const { servers, skipped, credentials } = plan
  const lines = files.map(({ path, client, servers: { length } }) => {
    return `found ${length} ${length === 1 ? 'server' : 'servers'} in ${path}${client === undefined ? '' : ` (${client})`}`
  })
  for (const { name, formerName, from, replaces, config } of servers) {
    const former = formerName === undefined ? '' : `, called ${JSON.stringify(formerName)} there`
    const rest = config.enabled ? '' : ', disabled there'
    lines.push(`${replaces ? 'replaces' : 'adds'} ${name} from ${from}${former}${rest}`)
  }
  for (const { name, from, why } of skipped) lines.push(`skips ${name} from ${from}: ${why}`)
  lines.push(...toNoteLines(servers))
  for (const { path, notes } of files) lines.push(...notes.map((note) => `${path}: ${note}`))
  lines.push(...keptLines(credentials))
  for (const { name, asks } of servers) {
    for (const secret of asks) lines.push(`${name} needs a secret: hearth secrets set ${secret}`)
  }
  lines.push(conclude(servers, target, isDryRun))
  return lines.map((line) => `${toPlain(line)}\n`).join('')
}

/** Servers that share a secret are named in one line. */
function keptLines(credentials: readonly Credential[]): string[] {
  const kept = new Map<string, Credential & { servers: string[] }>()
  for (const one of credentials) {
    const key = `${one.at} ${one.name}`
    kept.set(key, { ...one, servers: [...(kept.get(key)?.servers ?? []), one.server] })
  }
  return Array.from(kept.values(), ({ at, servers, name }) => {
    return `keeps ${at} of ${servers.join(', ')} as the secret ${name}`
  })
}

function conclude(servers: Plan['servers'], target: string, isDryRun: boolean): string {
  if (servers.length === 0) return `nothing to import to ${target}`
  if (isDryRun) return `${target} is not changed: --dry-run`
  const replaced = servers.filter(({ replaces }) => replaces).length
  const added = servers.length - replaced
  const parts = [
    ...(added > 0 ? [`${added} ${added === 1 ? 'server' : 'servers'} added`] : []),
    ...(replaced > 0 ? [`${replaced} ${replaced === 1 ? 'server' : 'servers'} replaced`] : []),
  ]
  return `${target}: ${parts.join(', ')}`
}

export function toImportLine({ files, plan, target, isDryRun }: Imported): string {
  const named = (replaces: boolean): string[] =>
    plan.servers.filter((server) => server.replaces === replaces).map(({ name }) => name)
  const line = {
    target,
    isDryRun,
    found: files.map(({ path, client, servers }) => ({ path, client, servers: servers.length })),
    added: named(false),
    replaced: named(true),
    skipped: plan.skipped,
    secrets: plan.credentials.map(({ server, at, name }) => ({ server, at, name })),
    notes: [...toNoteLines(plan.servers), ...files.flatMap(({ notes }) => notes)],
    asks: plan.servers.flatMap(({ name, asks }) =>
      asks.map((secret) => ({ server: name, secret })),
    ),
  }
  return `${JSON.stringify(line)}\n`
}
