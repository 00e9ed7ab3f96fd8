/** Watches the file of `hearth up` and what its servers name as `envFile`, from when the gateway is ready until it stops. */
import { resolve } from 'node:path'
import { readConfigFile, type ConfigSource, type ReadConfig } from '../config-file.ts'
import type { Log } from '../log.ts'
import type { AdminClient } from '../runtime/admin-client.ts'
import { reportWarmth } from '../warmth.ts'
import { tellOfFile, warnOf } from '../config/warnings.ts'
import { LiveConfig, type Reload } from './live-config.ts'
import { toReloadLine, toReloadText } from './reload-text.ts'
import { WatchedFiles } from './watched-files.ts'

export interface WatchConfigOptions {
  source: ConfigSource
  /** What runs. */
  config: ReadConfig
  admin: AdminClient
  log: Log
  /** A line of JSON in the place of text. */
  isJSON: boolean
  /** Whenever it was read anew. */
  onRead: (read: ReadConfig) => void
  signal: AbortSignal
}

export function watchConfig(options: WatchConfigOptions): void {
  const { source, config, admin, log, signal } = options
  if (signal.aborted) return
  const live = new LiveConfig({
    applied: config,
    read() {
      const read = readConfigFile(source)
      options.onRead(read)
      files.follow(read.envFiles)
      return read
    },
    async apply({ servers, settings }, difference) {
      await admin.putServers(servers)
      if (difference.settings.length === 0) return
      // A key that was taken out of the file: what it said ends.
      const wasRemoved = difference.settings.includes('limits') && settings.limits === undefined
      await admin.putSettings(wasRemoved ? { ...settings, limits: [] } : settings)
    },
    onReload: (reload) => tell(reload, options),
  })
  const files = new WatchedFiles(resolve(source.path), {
    onChange: () => live.check(),
    onFault: (path, reason) => {
      log.write('warn', `${path} is not watched: ${reason}; its changes need a restart`)
    },
  })
  files.follow(config.envFiles)
  const stop = (): void => {
    files.close()
    live.close()
  }
  signal.addEventListener('abort', stop, { once: true })
}

function tell(reload: Reload, { log, isJSON, admin, signal }: WatchConfigOptions): void {
  const level = reload.outcome === 'refused' ? 'error' : 'info'
  if (isJSON) log.relay(level, toReloadLine(reload))
  else log.write(level, toReloadText(reload))
  if (reload.outcome !== 'applied') return
  const names = new Set([...reload.added, ...reload.changed])
  const entries = Object.entries(reload.config.servers).filter(([name]) => names.has(name))
  tellOfFile(reload.config, log, names)
  warnOf(Object.fromEntries(entries), log)
  if (names.size > 0) void reportWarmth(admin, log, signal, { only: names })
}
