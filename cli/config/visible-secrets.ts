/** Secrets where other users of the machine could see them: told at the start. */
import { findReferences } from '#protocol/secrets.ts'
import { isRemote, type ServerConfigs } from '#protocol/server-config.ts'

/** A line for each server that has references in its arguments. */
export function findVisibleSecrets(servers: ServerConfigs): string[] {
  return Object.entries(servers).flatMap(([name, config]) => {
    if (isRemote(config)) return []
    const { enabled, args } = config
    const found = new Set(findReferences({ args }).map(({ text }) => text))
    if (!enabled || found.size === 0) return []
    return [
      `server ${JSON.stringify(name)}: ${[...found].join(', ')} in args is shown to every user of ` +
        'this machine by its process list; in env it is not',
    ]
  })
}
