/**
 * Whether the disk under the objects is full, by what they answered last. While it is, they are asked to
 * keep nothing, and now and then one that holds no calls tries whether it can write again.
 */
import { isFull } from './durable-call.ts'

const PROBE_EVERY_MS = 10_000

export interface StorageRoom {
  /** Whether objects are to keep nothing. Costs nothing while there is room. */
  isFull(now: number): boolean | Promise<boolean>
  /** Notes whether that is what a call of an object failed with. */
  noteFailure(error: unknown, now: number): boolean
}

/** `probe` writes something, and rejects where it cannot. */
export function createStorageRoom(probe: () => Promise<void>): StorageRoom {
  let isKnownFull = false
  let triedAt = -Infinity

  async function tryToWrite(now: number): Promise<boolean> {
    triedAt = now
    try {
      await probe()
      isKnownFull = false
    } catch {
      // It is as it was.
    }
    return isKnownFull
  }

  return {
    isFull(now) {
      return isKnownFull && now - triedAt >= PROBE_EVERY_MS ? tryToWrite(now) : isKnownFull
    },
    noteFailure(error, now) {
      if (!isFull(error)) return false
      isKnownFull = true
      triedAt = now
      return true
    },
  }
}
