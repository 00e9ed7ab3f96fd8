/** The only reader of standard error; also takes the stray lines of standard output. */
import type { Readable } from 'node:stream'
import { LineSplitter } from '../stdio/framing.ts'
import type { ConsoleEntry, ConsoleStream, ProcessConsole } from './process-console.ts'
import type { Redactor } from '#protocol/redaction.ts'

/** A longer line is cut here. */
const MAX_LINE_BYTES = 8 * 1024

/** What is read of one process in one window; a flood beyond it waits in the child. */
const WINDOW_MS = 100
const MAX_BYTES_PER_WINDOW = 1024 * 1024

export interface CaptureContext {
  console: ProcessConsole
  /** Takes the secrets of the launch out of a line. */
  redact: Redactor
  /** The id of the call in flight, when there is exactly one. */
  callId(): ConsoleEntry['callId']
}

export class Capture {
  readonly #context: CaptureContext

  constructor(context: CaptureContext) {
    this.#context = context
  }

  /** Reads a child's standard error to its end. */
  readStderr(stderr: Readable): void {
    const lines = new LineSplitter(MAX_LINE_BYTES, {
      onLine: (line) => this.#keep('stderr', line.toString('utf8')),
      onOversize: (head) => this.#keep('stderr', head.toString('utf8'), true),
    })
    const throttle = createThrottle(stderr)
    stderr.on('data', (chunk: Buffer) => {
      lines.push(chunk)
      throttle(chunk.length)
    })
    stderr.on('end', () => lines.flush())
    stderr.on('error', () => undefined)
  }

  /** A line of standard output that is no message. */
  takeStray(line: Uint8Array): void {
    const shown = Buffer.from(line.subarray(0, MAX_LINE_BYTES)).toString('utf8')
    this.#keep('stdout', shown, line.length > MAX_LINE_BYTES)
  }

  #keep(stream: ConsoleStream, text: string, isCut = false): void {
    const { console, redact, callId } = this.#context
    const shown = redact(text, isCut)
    console.push(stream, isCut ? `${shown}… (cut)` : shown, callId())
  }
}

/** Pauses the stream for the rest of a window in which it brought more than its share. */
function createThrottle(stream: Readable): (bytes: number) => void {
  let windowEnd = 0
  let bytesInWindow = 0
  return (bytes) => {
    const now = performance.now()
    if (now >= windowEnd) {
      windowEnd = now + WINDOW_MS
      bytesInWindow = 0
    }
    bytesInWindow += bytes
    if (bytesInWindow <= MAX_BYTES_PER_WINDOW || stream.isPaused()) return
    stream.pause()
    setTimeout(() => stream.resume(), windowEnd - now).unref()
  }
}
