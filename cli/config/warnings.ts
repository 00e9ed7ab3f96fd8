/** What is told of a configuration that is served all the same. */
import type { ServerConfigs } from '#protocol/server-config.ts'
import type { Log } from '../log.ts'
import { findMissingCommands } from './missing-command.ts'
import { findVisibleSecrets } from './visible-secrets.ts'

export function warnOf(servers: ServerConfigs, log: Log): void {
  for (const { server, problem } of findMissingCommands(servers, process.env)) {
    log.write('warn', `server ${JSON.stringify(server)}: ${problem}; the other servers go on`)
  }
  for (const warning of findVisibleSecrets(servers)) log.write('warn', warning)
}
