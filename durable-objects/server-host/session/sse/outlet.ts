/** What one request, or what the session says unasked, has of its client's one stream. */
import type { Outlet } from '#protocol/host-call.ts'
import { MAX_BACKLOG_BYTES } from '../../call/event-stream.ts'
import type { SSEStream } from './stream.ts'

export class StreamOutlet implements Outlet {
  readonly #stream: Pick<SSEStream, 'send' | 'cut'>
  readonly #onClosed: () => void
  #backlog = 0
  #taken = Promise.resolve()

  /** `onClosed`: it has nothing more to say, and what it said was taken; or its client is too slow. */
  constructor(stream: Pick<SSEStream, 'send' | 'cut'>, onClosed: () => void) {
    this.#stream = stream
    this.#onClosed = onClosed
  }

  /** Resolves when the connection took what was told by now, or is gone. */
  get taken(): Promise<void> {
    return this.#taken
  }

  tell(payload: Uint8Array): void {
    if (this.#backlog > MAX_BACKLOG_BYTES) {
      this.#stream.cut()
      return this.#onClosed()
    }
    this.#backlog += payload.length
    this.#taken = this.#stream.send('message', payload).then(() => {
      this.#backlog -= payload.length
    })
  }

  close(): void {
    void this.#taken.then(this.#onClosed)
  }
}
