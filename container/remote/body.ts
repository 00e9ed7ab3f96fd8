import type { Readable } from 'node:stream'

export interface BodyOptions {
  /** Awaited before each piece is read. */
  hold?: (() => Promise<void> | undefined) | undefined
  /** Called once, however it ends. */
  onEnd: () => void
}

/** A response's body as a stream of the web. It is read only as it is asked for, and ends with its source. */
export function toWebBody(
  source: Readable,
  { hold, onEnd }: BodyOptions,
): ReadableStream<Uint8Array> {
  const pieces: AsyncIterator<Uint8Array> = source[Symbol.asyncIterator]()
  source.once('close', onEnd)
  // One that nobody reads any more may still fail.
  source.on('error', () => undefined)
  return new ReadableStream(
    {
      async pull(controller) {
        await hold?.()
        const { done, value } = await pieces.next()
        if (done === true) controller.close()
        else controller.enqueue(value)
      },
      cancel() {
        source.destroy()
      },
    },
    { highWaterMark: 0 },
  )
}
