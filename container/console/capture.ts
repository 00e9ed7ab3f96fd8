/** The only reader of standard error; also takes the stray lines of standard output. */
import type { Readable } from 'node:stream'
import { LineReader, type Floods } from '../stdio/line-reader.ts'
import type { ConsoleEntry, ConsoleStream, ProcessConsole } from './process-console.ts'
import type { Redactor } from '#protocol/redaction.ts'

/** A longer line is cut here. */
const MAX_LINE_BYTES = 8 * 1024
const MAX_QUOTE_BYTES = 200

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
  readStderr(stderr: Readable, floods: Floods): LineReader {
    const sink = {
      onLine: (line: Buffer) => {
        this.#keep('stderr', line.toString('utf8'))
        return false
      },
      onOversize: (head: Buffer) => this.#keep('stderr', head.toString('utf8'), true),
    }
    return new LineReader(stderr, MAX_LINE_BYTES, sink, floods)
  }

  /** A line of standard output that is no message. */
  takeStray(line: Uint8Array): void {
    const isCut = line.length > MAX_LINE_BYTES
    this.#keep('stdout', toText(line.subarray(0, MAX_LINE_BYTES)), isCut)
  }

  /** The beginning of a line, as its caller may see it. */
  quote(line: Uint8Array): string {
    const shown = toText(line.subarray(0, MAX_QUOTE_BYTES))
    const isCut = line.length > MAX_QUOTE_BYTES
    const text = this.#context.redact(shown, isCut)
    return isCut ? `${text}…` : text
  }

  /** A remark of ours on what was not passed on. */
  note(text: string): void {
    this.#keep('stdout', text)
  }

  #keep(stream: ConsoleStream, text: string, isCut = false): void {
    const { console, redact, callId } = this.#context
    const shown = redact(text, isCut)
    console.push(stream, isCut ? `${shown}… (cut)` : shown, callId())
  }
}

/** In UTF-16 each second byte of a text in English is zero. Where lines were cut, a character lost a half. */
function toText(line: Uint8Array): string {
  const bytes = Buffer.from(line)
  const zeros = bytes.filter((byte) => byte === 0).length
  if (zeros * 3 < bytes.length || bytes.length < 4) return bytes.toString('utf8')
  return `(UTF-16) ${Buffer.from(bytes.filter((byte) => byte > 0 && byte < 0x80)).toString()}`
}
