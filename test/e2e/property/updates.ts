/** Counts notifications as they come, and waits for the next. */
import { EventEmitter, once } from 'node:events'

const DEADLINE_MS = 30_000

export class Updates {
  count = 0
  readonly #emitter = new EventEmitter().setMaxListeners(0)

  came(): void {
    this.count += 1
    this.#emitter.emit('came')
  }

  /** Whether there were more than `count`, at the latest after a deadline. */
  async beyond(count: number): Promise<boolean> {
    const signal = AbortSignal.timeout(DEADLINE_MS)
    while (this.count <= count) {
      const came = once(this.#emitter, 'came', { signal }).then(
        () => true,
        () => false,
      )
      if (!(await came)) return false
    }
    return true
  }
}
