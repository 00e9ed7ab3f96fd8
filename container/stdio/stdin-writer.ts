import type { Writable } from 'node:stream'

const LF = 0x0a
const CR = 0x0d
const SPACE = 0x20

/** Writes messages to a child's standard input, one line each, and bounds what waits there. */
export class StdinWriter {
  readonly #stdin: Writable
  readonly #maxQueuedBytes: number

  /** Errors of the stream are dropped: the process's exit tells what happened. */
  constructor(stdin: Writable, maxQueuedBytes: number) {
    this.#stdin = stdin
    this.#maxQueuedBytes = maxQueuedBytes
    stdin.on('error', () => undefined)
  }

  /**
   * False when the child has not read for so long that the bound is reached; nothing was written.
   * `onLost`: the input was closed before it took the whole line, so the child cannot have read it.
   */
  write(payload: Uint8Array, onLost?: () => void): boolean {
    if (!this.#stdin.writable) {
      onLost?.()
      return true
    }
    const line = toLine(payload)
    if (this.#stdin.writableLength + line.length > this.#maxQueuedBytes) return false
    this.#stdin.write(line, (error) => {
      if (error) onLost?.()
    })
    return true
  }

  end(): void {
    if (this.#stdin.writable) this.#stdin.end()
  }
}

/** A raw LF or CR stands only between JSON's tokens, where a space means the same. */
function toLine(payload: Uint8Array): Buffer {
  const line = Buffer.allocUnsafe(payload.length + 1)
  line.set(payload)
  line[payload.length] = LF
  for (const end of [LF, CR]) {
    for (let at = line.indexOf(end); at !== -1 && at < payload.length; at = line.indexOf(end, at)) {
      line[at] = SPACE
    }
  }
  return line
}
