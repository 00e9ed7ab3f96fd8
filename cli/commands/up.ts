/** `hearth up`: serves a configuration on this machine until a signal ends it. */
import { resolve } from 'node:path'
import type { ServerConfigs } from '#protocol/server-config.ts'
import { tellOfFile, warnOf } from '../config/warnings.ts'
import { readConfigFile, type ReadConfig } from '../config-file.ts'
import { makeDataFolder, openDataFolder, protectDataFolder } from '../data-folder.ts'
import { lockDataFolder } from '../data-lock.ts'
import { removeEndpoint, updateEndpoint, writeEndpoint } from '../endpoint-file.ts'
import { startLocalRuntime } from '../local-runtime.ts'
import { InstallLines } from '../install-lines.ts'
import { createLog, type Log } from '../log.ts'
import { toReadyLine, toReadyText } from '../ready-text.ts'
import { untilStopped } from '../shutdown.ts'
import { StorageWatch } from '../storage-watch.ts'
import { StartFailures } from '../start-failures.ts'
import { hearCall } from '../call-lines.ts'
import { releaseMemory } from '../release-memory.ts'
import { reportWarmth } from '../warmth.ts'
import { watchConfig } from '../watch/watch-config.ts'
import { chooseConfig } from './choose-config.ts'
import { requireToken, type UpOptions } from './up-options.ts'

export async function serve(options: UpOptions): Promise<void> {
  const { logLevel, host, port, publicUrl } = options
  const isForPeople = process.stderr.isTTY && !options.json && logLevel === 'info'
  const token = options.token === undefined ? undefined : requireToken(options.token)
  const log = createLog(logLevel)
  // Whoever started it has read enough: the gateway goes on.
  process.stdout.on('error', () => {})
  const stop = untilStopped(log)
  const dataFolder = resolve(options.data)
  const configFile = chooseConfig(options.config)
  const source = { path: configFile, dataFolder, environment: process.env }
  const config = readConfigFile(source)
  const { servers, settings } = config
  // What workerd writes is for its owner alone; servers get the mask that the command was started with.
  const umask = process.umask(0o077)
  makeDataFolder(dataFolder)
  await lockDataFolder(dataFolder)
  if (protectDataFolder(dataFolder)) log.write('warn', toOpenWarning(dataFolder))
  const data = openDataFolder(dataFolder)
  removeEndpoint(dataFolder)
  tellOfFile(config, log)
  const failures = new StartFailures(log)
  warnOf(servers, log)
  const storage = new StorageWatch({ folder: data.storage, log })
  storage.start(stop.signal)
  const runtime = await startLocalRuntime({
    servers,
    settings,
    data,
    host,
    port,
    logLevel,
    umask,
    allowedOrigins: options.allowOrigin,
    ...listenTo({ log, failures, storage, isForPeople }),
    ...(token === undefined ? {} : { token }),
    ...(options.memory === undefined ? {} : { warmMiB: options.memory }),
    ...(publicUrl === undefined ? {} : { publicURL: publicUrl }),
  })
  writeEndpoint(dataFolder, {
    ...{ url: runtime.url, configFile: resolve(configFile), leftOut: config.refused },
  })
  const { origin } = publicUrl ?? runtime.url
  const ready = { url: origin, token: runtime.token, servers: enabledNames(servers) }
  process.stdout.write(options.json ? toReadyLine(ready) : toReadyText(ready, configFile))
  void reportWarmth(runtime.admin, log, stop.signal, { failures }).then(releaseMemory)
  if (options.watch) {
    const { admin } = runtime
    const onRead = ({ refused }: ReadConfig): void => updateEndpoint(dataFolder, refused)
    const isJSON = options.json === true
    watchConfig({ source, config, admin, log, isJSON, onRead, signal: stop.signal })
  }
  await stop.finish(runtime)
}

interface Listeners {
  log: Log
  failures: StartFailures
  storage: StorageWatch
  /** Calls are told as text. */
  isForPeople: boolean
}

/** What the worker and the host program write is passed on, some of it in words of ours. */
function listenTo({ log, failures, storage, isForPeople }: Listeners) {
  const installs = new InstallLines(log)
  return {
    onLine(level: string, text: string) {
      const isTold = failures.hear(text) || installs.hear(text)
      if (isTold) return // what a server printed of its own disk is nothing about this one
      storage.hear(text)
      if (!(isForPeople && hearCall(text, log))) log.relay(level, text)
    },
    onCallLines(lines: string[]) {
      if (!isForPeople) return log.relayAll('info', lines)
      for (const line of lines) if (!hearCall(line, log)) log.relay('info', line)
    },
  }
}

function enabledNames(servers: ServerConfigs): string[] {
  return Object.keys(servers).filter((name) => servers[name]?.enabled)
}

function toOpenWarning(folder: string): string {
  return (
    `other users of this machine could read the databases in ${folder}; from now on they cannot. ` +
    'They hold what env and headers of servers say: replace what is secret in them'
  )
}
