import type { ConfigureMeta, Launch, ProcessLaunch, RemoteLaunch } from '#protocol/link.ts'

/** A host program that knows no remote servers reads the others all the same. */
export function toConfigureMeta(all: Launch[]): ConfigureMeta {
  const launches = all.filter((launch): launch is ProcessLaunch => launch.remote === undefined)
  const remotes = all.filter((launch): launch is RemoteLaunch => launch.remote !== undefined)
  return { launches, ...(remotes.length > 0 && { remotes }) }
}
