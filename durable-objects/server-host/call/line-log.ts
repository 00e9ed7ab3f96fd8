/**
 * What is written of calls and breakers: a line of JSON each. A message of the console costs a write to a
 * pipe and a parse at its other end, so on one machine lines are gathered; on Cloudflare, where each message
 * is an event that can be searched, they are written one by one.
 */
import { joinLines } from '#protocol/call-log.ts'

/** Longest that a line waits; as much is lost with a process that is killed. */
const GATHER_MS = 100
const MAX_LINES = 256

/** `undefined` where calls write no line. `level`: as `LOG_LEVEL`. */
export function createLineLog(
  level: string,
  options: { isGathering: boolean },
): LineLog | undefined {
  return level === 'info' || level === 'debug' ? new LineLog(options) : undefined
}

export class LineLog {
  readonly #isGathering: boolean
  readonly #lines: string[] = []
  #timer: number | undefined

  constructor({ isGathering }: { isGathering: boolean }) {
    this.#isGathering = isGathering
  }

  write(line: object): void {
    const text = JSON.stringify(line)
    if (!this.#isGathering) return console.log(text)
    this.#lines.push(text)
    if (this.#lines.length >= MAX_LINES) return this.flush()
    this.#timer ??= setTimeout(() => this.flush(), GATHER_MS)
  }

  /** Writes what waits. */
  flush(): void {
    if (this.#timer !== undefined) clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#lines.length > 0) console.log(joinLines(this.#lines.splice(0)))
  }
}
