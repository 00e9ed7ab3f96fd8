import type { Log } from '../host/log.ts'
import type { User } from '../host/settings.ts'
import type { Memory } from './memory.ts'
import type { Reaper } from './reaper.ts'
import type { OnExit } from './running.ts'
import { ServerProcess } from './server-process.ts'
import { spawnProgram, StartError } from './spawn.ts'
import { watchComingUp } from './coming-up.ts'
import type { Turns } from './start-queue.ts'
import type { Warmth } from './warmth.ts'
import type { CellConsole } from '../console/process-console.ts'
import { secretValues } from '#protocol/secret-values.ts'
import type { CommandResolver } from '../resolve/command.ts'
import type { StartWatch } from '../resolve/resolved.ts'
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
  /** Of starts. */
  turns: Turns
  /** Of installations. */
  installs: Turns
  /** Of the whole host program. */
  askNumbers: AskNumbers
  /** Whom every process runs as; absent: as the host program does. */
  user?: User | undefined
  memory?: Memory | undefined
  warmth?: Warmth | undefined
  log: Log
}

/** One process to start: for whom, and who hears of it. The cell is known by its console. */
export interface ProcessStart {
  launch: ProcessLaunch
  console: CellConsole
  watch: StartWatch
  onExit: OnExit
}

/** Starts one process of a launch, when it is its turn. Rejects with `StartError`. */
export async function startProcess(
  starter: ProcessStarter,
  start: ProcessStart,
): Promise<ServerProcess> {
  const { launch, console, watch, onExit } = start
  const redact = redactorOf(launch)
  const { child, endTurn } = await spawnLaunch(starter, start, redact)
  const { reaper, floods, askNumbers, memory, log } = starter
  const pid = child.pid ?? 0
  reaper.add(pid)
  memory?.begin(launch.name, pid)
  let shortage: string | undefined
  watch.onState('starting')
  const comeUp = (): void => {
    stopWatching()
    endTurn()
    watch.onState('up')
  }
  const stopWatching = watchComingUp(pid, comeUp)
  child.once('exit', (exitCode, signal) => {
    comeUp()
    reaper.remove(pid)
    shortage = memory?.end(pid, exitCode, signal)
  })
  log('debug', 'process_started', { server: launch.name, pid })
  const printed = console.open(launch.name, pid)
  child.stdout.once('data', comeUp)
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

async function spawnLaunch(
  { resolver, turns, baseEnv, user, log }: ProcessStarter,
  { launch, console: cell, watch }: ProcessStart,
  redact: Redactor,
): Promise<{ child: Awaited<ReturnType<typeof spawnProgram>>; endTurn: () => void }> {
  let endTurn: (() => void) | undefined
  try {
    const { file, args } = await resolver.resolve(launch, cell, { ...watch, redact })
    watch.onState('queued')
    endTurn = await turns.take(cell, watch.ticket)
    if (!watch.isWanted()) throw new StartError('nobody waits for it any more')
    const env = { ...baseEnv, ...launch.env }
    return { child: await spawnProgram({ file, args, cwd: launch.cwd, env, user }), endTurn }
  } catch (error) {
    endTurn?.()
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
