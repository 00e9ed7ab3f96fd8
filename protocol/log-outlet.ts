/**
 * Lines on their way to whoever reads the log. A reader that stalls, or leaves, neither holds up nor
 * ends the program: what does not fit is counted, and said when there is room again.
 */

/** What waits for a reader; a line that would be over it is dropped. */
const MAX_QUEUED_BYTES = 256 * 1024

/** A stream of Node's, as much of it as is used here. */
export interface LogStream {
  readonly writableLength: number
  write(text: string, onWritten?: () => void): boolean
  on(event: 'error', listener: () => void): unknown
  once(event: 'drain', listener: () => void): unknown
}

export class LogOutlet {
  readonly #stream: LogStream
  readonly #toNotice: (dropped: number) => string
  #dropped = 0
  #hasReader = true

  /** `toNotice`: the line that says how many are missing. */
  constructor(stream: LogStream, toNotice: (dropped: number) => string) {
    this.#stream = stream
    this.#toNotice = toNotice
    // EPIPE: nobody reads any more, and nobody will.
    stream.on('error', () => (this.#hasReader = false))
  }

  /** One line, or so many, without the last one's end. */
  write(text: string, lines = 1): void {
    if (!this.#hasReader) return
    if (this.#dropped > 0 || this.#stream.writableLength + text.length > MAX_QUEUED_BYTES) {
      if (this.#dropped === 0) this.#stream.once('drain', () => this.#tell())
      this.#dropped += lines
      return
    }
    this.#send(text)
  }

  /** Resolves when what waits has been read, there is no reader, or the time is up. */
  async flush(longestMs: number): Promise<void> {
    if (!this.#hasReader || this.#stream.writableLength === 0) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, longestMs)
      const done = (): void => {
        clearTimeout(timer)
        resolve()
      }
      this.#stream.on('error', done)
      this.#stream.write('', done)
    })
  }

  #tell(): void {
    const dropped = this.#dropped
    this.#dropped = 0
    if (this.#hasReader) this.#send(this.#toNotice(dropped))
  }

  #send(line: string): void {
    letWait(this.#stream)
    this.#stream.write(`${line}\n`)
  }
}

/**
 * A write must not wait for the reader. A child that was given the same descriptor has made it one that
 * waits: the flag belongs to all who share it.
 */
function letWait(stream: LogStream): void {
  const handle: unknown = Reflect.get(stream, '_handle')
  if (typeof handle !== 'object' || handle === null) return
  const setBlocking: unknown = Reflect.get(handle, 'setBlocking')
  if (typeof setBlocking === 'function') Reflect.apply(setBlocking, handle, [false])
}
