/** When a process that was started has come up, for whoever waits for the processor that it takes. */
import { descendantsOf } from './descendants.ts'
import { readTimes } from './process-times.ts'

/** The longest that a start keeps its turn. Milliseconds. */
const LONGEST_START_MS = 10_000

/** How often a process that has said nothing is looked at. Milliseconds. */
const LOOK_MS = 50

/** As often it has to be found at rest: between two reads of a slow disk it sleeps, too. */
const RESTING_LOOKS = 2

/**
 * Calls `onUp` once: when the process and what it has started sleep and use no processor, or take too
 * long. Where the system does not tell, that is after `LONGEST_START_MS`. Returns what stops it.
 */
export function watchComingUp(pid: number, onUp: () => void): () => void {
  const latest = performance.now() + LONGEST_START_MS
  let before: number | undefined
  let looks = 0
  const timer = setInterval(() => {
    const used = readRest(pid)
    looks = used !== undefined && used === before ? looks + 1 : 0
    before = used
    if (looks < RESTING_LOOKS && performance.now() < latest) return
    clearInterval(timer)
    onUp()
  }, LOOK_MS)
  timer.unref()
  return () => clearInterval(timer)
}

/** The processor time that they have used while all of them sleep; else `undefined`. */
function readRest(pid: number): number | undefined {
  const own = readTimes(pid)
  if (own?.isAsleep !== true) return undefined
  let used = own.ticks
  for (const { pid: child } of descendantsOf(pid)) {
    const times = readTimes(child)
    // One that has ended meanwhile takes no processor.
    if (times === undefined) continue
    if (!times.isAsleep) return undefined
    used += times.ticks
  }
  return used
}
