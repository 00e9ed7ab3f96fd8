import type { Log } from '../host/log.ts'
import type { User } from '../host/settings.ts'
import type { Memory } from './memory.ts'
import type { Reaper } from './reaper.ts'
import type { OnExit } from './running.ts'
import { ServerProcess } from './server-process.ts'
import { spawnProgram, StartError } from './spawn.ts'
import type { StartTurn, StartTurns } from './start-turns.ts'
import type { CellConsole } from '../console/process-console.ts'
import { secretValues } from '../console/secret-values.ts'
import type { CommandResolver } from '../resolve/command.ts'
import type { Floods } from '../stdio/line-reader.ts'
import type { ProcessLaunch } from '#protocol/link.ts'
import type { AskNumbers } from '#protocol/numbering/numbers.ts'
import { createRedactor, type Redactor } from '#protocol/redaction.ts'

export interface ProcessStarter {
  resolver: CommandResolver
  reaper: Reaper
  /** What every process gets beside its configured environment. */
  baseEnv: Record<string, string>
  floods: Floods
  turns: StartTurns
  /** Of the whole host program. */
  askNumbers: AskNumbers
  /** Whom every process runs as; absent: as the host program does. */
  user?: User | undefined
  memory?: Memory | undefined
  log: Log
}

/** Starts one process of a launch. Rejects with `StartError`. */
export async function startProcess(
  starter: ProcessStarter,
  console: CellConsole,
  launch: ProcessLaunch,
  onExit: OnExit,
): Promise<ServerProcess> {
  const redact = redactorOf(launch)
  const { child, turn } = await spawnLaunch(starter, console, launch, redact)
  const { reaper, floods, askNumbers, memory, log } = starter
  const pid = child.pid ?? 0
  reaper.add(pid)
  memory?.begin(launch.name, pid)
  let shortage: string | undefined
  child.once('exit', (exitCode, signal) => {
    turn.end()
    reaper.remove(pid)
    shortage = memory?.end(pid, exitCode, signal)
  })
  log('debug', 'process_started', { server: launch.name, pid })
  const printed = console.open(launch.name, pid)
  turn.follow(pid)
  child.stdout.once('data', () => turn.end())
  const process: ServerProcess = new ServerProcess({
    child,
    launch,
    console: printed,
    redact,
    floods,
    askNumbers,
    onExit: (exitCode, signal) => {
      console.end(printed)
      log('debug', 'process_ended', { server: launch.name, pid, exitCode, signal })
      const how = shortage ?? describeExit(exitCode, signal)
      onExit(exitCode, signal, shortage, () => process.lastWords(how))
    },
  })
  return process
}

function describeExit(exitCode: number | null, signal: string | null): string {
  return signal === null
    ? `the process exited with code ${exitCode}`
    : `the process was ended by ${signal}`
}

/** The cell is known by its console. */
async function spawnLaunch(
  { resolver, turns, baseEnv, user, log }: ProcessStarter,
  cell: CellConsole,
  launch: ProcessLaunch,
  redact: Redactor,
): Promise<{ child: Awaited<ReturnType<typeof spawnProgram>>; turn: StartTurn }> {
  let turn: StartTurn | undefined
  try {
    const { file, args } = await resolver.resolve(launch)
    turn = await turns.take(cell)
    const env = { ...baseEnv, ...launch.env }
    return { child: await spawnProgram({ file, args, cwd: launch.cwd, env, user }), turn }
  } catch (error) {
    turn?.end()
    // What is quoted in it may be an argument; a package manager's own words are cut.
    const message = redact(error instanceof Error ? error.message : 'unknown error', true)
    if (!(error instanceof StartError)) {
      log('error', 'process_start_failed', { server: launch.name, error: message })
      throw error
    }
    const printed = error.output.map((line) => redact(line, true))
    throw new StartError(message, printed)
  }
}

const redactors = new WeakMap<ProcessLaunch, Redactor>()

function redactorOf(launch: ProcessLaunch): Redactor {
  const known = redactors.get(launch)
  if (known !== undefined) return known
  const redact = createRedactor(secretValues(launch))
  redactors.set(launch, redact)
  return redact
}
