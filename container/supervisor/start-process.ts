import type { Log } from '../host/log.ts'
import type { Reaper } from './reaper.ts'
import { ServerProcess } from './server-process.ts'
import { spawnProgram } from './spawn.ts'
import type { CellConsole } from '../console/process-console.ts'
import type { CommandResolver } from '../resolve/command.ts'
import type { Launch } from '#protocol/link.ts'

export interface ProcessStarter {
  resolver: CommandResolver
  reaper: Reaper
  /** What every process gets beside its configured environment. */
  baseEnv: Record<string, string>
  log: Log
}

/** Starts one process of a launch. Rejects with `StartError`. */
export async function startProcess(
  starter: ProcessStarter,
  console: CellConsole,
  launch: Launch,
  onExit: (exitCode: number | null, signal: string | null) => void,
): Promise<ServerProcess> {
  const child = await spawnLaunch(starter, launch)
  const { reaper, log } = starter
  const pid = child.pid ?? 0
  reaper.add(pid)
  child.once('exit', () => reaper.remove(pid))
  log('debug', 'process_started', { server: launch.name, pid })
  const printed = console.open(launch.name, pid)
  return new ServerProcess({
    child,
    launch,
    console: printed,
    onExit: (exitCode, signal) => {
      console.end(printed)
      log('debug', 'process_ended', { server: launch.name, pid, exitCode, signal })
      onExit(exitCode, signal)
    },
  })
}

async function spawnLaunch(
  { resolver, baseEnv, log }: ProcessStarter,
  launch: Launch,
): ReturnType<typeof spawnProgram> {
  try {
    const { file, args } = await resolver.resolve(launch)
    const env = { ...baseEnv, ...launch.env }
    return await spawnProgram({ file, args, cwd: launch.cwd, env })
  } catch (error) {
    log('warn', 'process_start_failed', { server: launch.name, error: String(error) })
    throw error
  }
}
