import { describeFault } from './describe.ts'
import type { Pools } from './pools.ts'
import { RemoteSession } from './remote-session.ts'
import type { CellConsole } from '../console/process-console.ts'
import type { Log } from '../host/log.ts'
import type { OnExit, Running } from '../supervisor/running.ts'
import { StartError } from '../supervisor/spawn.ts'
import { GatewayError } from '#protocol/errors.ts'
import type { RemoteLaunch } from '#protocol/link.ts'
import type { AskNumbers } from '#protocol/numbering/numbers.ts'
import { createRedactor } from '#protocol/redaction.ts'
import type { Redactor } from '#protocol/redaction.ts'

export interface RemoteStarter {
  pools: Pools
  log: Log
  askNumbers: AskNumbers
}

/** Begins a session with a remote server. Rejects with `StartError`. */
export async function startRemote(
  { pools, log, askNumbers }: RemoteStarter,
  console: CellConsole,
  launch: RemoteLaunch,
  onExit: OnExit,
): Promise<Running> {
  const redact = redactorOf(launch)
  const server = launch.name
  const printed = console.open(server, 0)
  const session = new RemoteSession({
    ...{ launch, pools, redact, askNumbers },
    onFault: (error) => printed.push('stderr', redact(describeFault(error)), undefined),
    onExit: (exitCode, signal, detail) => {
      console.end(printed)
      log('debug', 'remote_session_ended', { server, why: detail })
      onExit(exitCode, signal, detail)
    },
  })
  try {
    await session.opened
  } catch (error) {
    console.end(printed)
    const why = redact(describeFault(GatewayError.from(error)))
    log('warn', 'remote_start_failed', { server, error: why })
    throw new StartError(why)
  }
  log('debug', 'remote_session_started', { server })
  return session
}

/** Headers are credentials, wherever their values were written. */
function redactorOf({ secrets = [], remote }: RemoteLaunch): Redactor {
  const values = Object.values(remote.headers)
  const bare = values.map((value) => value.replace(/^\S+ /, ''))
  return createRedactor([...secrets, ...values, ...bare])
}
