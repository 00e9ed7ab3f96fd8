/** What is told of a configuration that is served all the same. */
import type { ServerConfigs } from '#protocol/server-config.ts'
import type { ReadConfig } from '../config-file.ts'
import type { Log } from '../log.ts'
import type { StartFailures } from '../start-failures.ts'
import { findMissingCommands } from './missing-command.ts'
import { findVisibleSecrets } from './visible-secrets.ts'

/** `failures`: told of what need not be told twice. */
export function warnOf(
  servers: ServerConfigs,
  log: Log,
  failures?: Pick<StartFailures, 'noteTold'>,
): void {
  for (const { server, problem } of findMissingCommands(servers, process.env)) {
    failures?.noteTold(server, problem)
    log.write('warn', `server ${JSON.stringify(server)}: ${problem}; the other servers go on`)
  }
  for (const warning of findVisibleSecrets(servers)) log.write('warn', warning)
}

/** What of a file is not served, or otherwise than it is written; with `only`, of these servers. */
export function tellOfFile(
  { refused, notes, asks }: Pick<ReadConfig, 'refused' | 'notes' | 'asks'>,
  log: Pick<Log, 'write'>,
  only?: ReadonlySet<string>,
): void {
  const isMeant = (server?: string): boolean => server === undefined || only?.has(server) !== false
  for (const { name, problems } of refused) {
    if (only !== undefined) continue
    log.write('error', `server ${JSON.stringify(name)} is left out: ${problems.join('; ')}`)
  }
  for (const { server, text } of notes) if (isMeant(server)) log.write('warn', text)
  for (const { server, secret } of asks) {
    if (!isMeant(server)) continue
    const how = `unless it is there already: hearth secrets set ${secret}`
    log.write('info', `server ${JSON.stringify(server)} needs a secret, ${how}`)
  }
}
