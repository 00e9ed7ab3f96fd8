/** Whether a package manager gets on: while it does, its end is far. */
import { readEffort, type Effort } from '../supervisor/process-times.ts'

/** One that does nothing for this long is ended. */
const STALL_MS = 180_000
/** Whatever it does: a script of a package may do something for ever. */
export const LONGEST_MS = 3_600_000
/** Where the system does not tell what a process does, and it says nothing: the longest altogether. */
const UNSEEN_MS = 1_800_000
const LOOK_MS = 1_000
/** What waits for an answer still uses a little. */
const LEAST_TICKS = 10
const LEAST_BYTES = 64 * 1024

export interface StallBounds {
  stallMs?: number
  longestMs?: number
}

export interface StallWatch {
  /** It has said something. */
  note(): void
  stop(): void
}

/**
 * Calls `onStall` once when the process, and what it has started, has done nothing for `stallMs`, or has
 * taken `longestMs`.
 */
export function watchForStall(
  pid: number | undefined,
  onStall: () => void,
  { stallMs = STALL_MS, longestMs = LONGEST_MS }: StallBounds = {},
): StallWatch {
  const latest = performance.now() + longestMs
  const read = (): Effort | undefined => (pid === undefined ? undefined : readEffort(pid))
  let before = read()
  let movedAt = performance.now()
  const timer = setInterval(
    () => {
      const now = read()
      if (hasMoved(before, now)) {
        before = now
        movedAt = performance.now()
      }
      const boundMs = now === undefined ? Math.max(stallMs, UNSEEN_MS) : stallMs
      const at = performance.now()
      if (at - movedAt < boundMs && at < latest) return
      clearInterval(timer)
      onStall()
    },
    Math.min(LOOK_MS, stallMs / 4),
  )
  timer.unref()
  return {
    note: () => void (movedAt = performance.now()),
    stop: () => clearInterval(timer),
  }
}

/** What ends takes its figures with it, so less is a change, too. */
function hasMoved(before: Effort | undefined, now: Effort | undefined): boolean {
  if (before === undefined || now === undefined) return before !== now
  const { ticks, bytes } = now
  return (
    Math.abs(ticks - before.ticks) >= LEAST_TICKS || Math.abs(bytes - before.bytes) >= LEAST_BYTES
  )
}
