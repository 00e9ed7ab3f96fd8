/** From the first signal to the exit: running calls first, then every process. */
import type { LocalRuntime } from './local-runtime.ts'
import type { Log } from './log.ts'
import { toPlain } from './table.ts'

export interface Stop {
  /** Aborted by the first signal. */
  signal: AbortSignal
  /** Waits for that signal, then drains, stops and exits with 0. */
  finish(runtime: LocalRuntime): Promise<never>
}

/** npm passes on a Ctrl-C that the terminal has sent to everyone already: one wish, two signals. */
const SAME_WISH_MS = 250

/** Longer than the gateway's own 10 s for running calls. */
const DRAIN_MS = 11_000

/** Listens from now on: a signal during the start ends it at once. */
export function untilStopped(log: Log): Stop {
  const controller = new AbortController()
  let isServing = false
  let firstAt: number | undefined
  const onSignal = (): void => {
    if (!isServing) process.exit(0)
    if (firstAt === undefined) {
      firstAt = Date.now()
      log.write(
        'info',
        'stopping: calls that run have 10 s to end; press Ctrl-C again to stop at once',
      )
      controller.abort()
    } else if (Date.now() - firstAt > SAME_WISH_MS) process.exit(1)
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal)
  // Whoever passes signals on is gone. Another one would mean "at once".
  process.on('disconnect', () => {
    if (firstAt === undefined) onSignal()
  })
  return {
    signal: controller.signal,
    async finish(runtime) {
      isServing = true
      await aborted(controller.signal)
      await drain(runtime, log)
      await runtime.stop()
      await log.flush()
      process.exit(0)
    },
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

async function drain(runtime: LocalRuntime, log: Log): Promise<void> {
  try {
    await runtime.admin.drain(AbortSignal.timeout(DRAIN_MS))
  } catch (error) {
    log.write('warn', `running calls were not waited for: ${toPlain(String(error))}`)
  }
}
