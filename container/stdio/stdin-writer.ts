import type { Writable } from 'node:stream'

const LF = 0x0a
const CR = 0x0d
const SPACE = 0x20

/** What ends a message to a process. */
export const LINE_END = '\n'

/** Writes lines to a child's standard input, one message each, and bounds what waits there. */
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
   * Takes ownership of the line, which ends with `LINE_END`. False when the child has not read for so long that
   * the bound is reached; nothing was written. `onLost`: the input was closed before it took the whole line, so
   * the child cannot have read it.
   */
  write(line: Uint8Array, onLost?: () => void): boolean {
    if (!this.#stdin.writable) {
      onLost?.()
      return true
    }
    keepOnOneLine(line)
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

/**
 * A raw LF or CR stands only between JSON's tokens, where a space means the same. The worker has made it one:
 * this is the last look before a process would read what follows as a message of its own.
 */
function keepOnOneLine(line: Uint8Array): void {
  const last = line.length - 1
  for (const end of [LF, CR]) {
    for (let at = line.indexOf(end); at !== -1 && at < last; at = line.indexOf(end, at + 1)) {
      line[at] = SPACE
    }
  }
}
