/** What is told of a configuration that is served all the same. */
import { isPersonal } from '#protocol/secrets.ts'
import type { ServerConfigs } from '#protocol/server-config.ts'
import type { ReadConfig } from '../config-file.ts'
import type { Log } from '../log.ts'
import { findMissingCommands } from './missing-command.ts'
import { toNoteLines } from './note-lines.ts'
import { findVisibleSecrets } from './visible-secrets.ts'

/** A command that is not found is told by the start that fails; the calls of its users start a personal server. */
export function warnOf(servers: ServerConfigs, log: Pick<Log, 'write'>): void {
  const personal = Object.entries(servers).filter(([, config]) => isPersonal(config))
  for (const { server, problem } of findMissingCommands(
    Object.fromEntries(personal),
    process.env,
  )) {
    log.write('warn', `server ${JSON.stringify(server)}: ${problem}`)
  }
  for (const warning of findVisibleSecrets(servers)) log.write('warn', warning)
}

/** What of a file is not served, or otherwise than it is written; with `only`, of these servers. */
export function tellOfFile(
  { refused, noted, notes, asks }: Pick<ReadConfig, 'refused' | 'noted' | 'notes' | 'asks'>,
  log: Pick<Log, 'write'>,
  only?: ReadonlySet<string>,
): void {
  const isMeant = (server: string): boolean => only?.has(server) !== false
  for (const { name, problems } of refused) {
    if (only !== undefined) continue
    log.write('error', `server ${JSON.stringify(name)} is left out: ${problems.join('; ')}`)
  }
  const lines = toNoteLines(noted.filter(({ name }) => isMeant(name)))
  for (const line of [...lines, ...notes]) log.write('warn', line)
  for (const { server, secret } of asks) {
    if (!isMeant(server)) continue
    const how = `unless it is there already: hearth secrets set ${secret}`
    log.write('info', `server ${JSON.stringify(server)} needs a secret, ${how}`)
  }
}
