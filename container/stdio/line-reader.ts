/** Reads the lines of a child's stream at a pace that leaves the event loop to the other processes. */
import type { Readable } from 'node:stream'
import { LineSplitter } from './framing.ts'
import { StrayBudget } from './stray-budget.ts'

/** Lines of one stream in one turn of the event loop; the rest of the chunk waits for the next one. */
const MAX_LINES_PER_TURN = 64

/** With more streams that flood at once each one's pauses get longer. */
const FULL_PACE_STREAMS = 4

export interface LineReaderSink {
  /** One line, never empty; the receiver owns it. False: it is a stray, which nobody waits for. */
  onLine(line: Buffer): boolean
  /** As of `LineSink`. */
  onOversize(head: Buffer, tail: Buffer): void
}

/** The streams of one host program that are left unread because they bring too many strays. */
export class Floods {
  #paused = 0

  begin(): void {
    this.#paused += 1
  }

  end(): void {
    this.#paused -= 1
  }

  /** Pauses are so many times as long: all floods together cost no more than a few. */
  get stretch(): number {
    return Math.max(1, this.#paused / FULL_PACE_STREAMS)
  }
}

/**
 * Lines go to the sink in order. A stream that brings too many strays is left unread for a while, so
 * its process waits in its next write; nothing is dropped.
 */
export class LineReader {
  readonly #stream: Readable
  readonly #lines: LineSplitter
  readonly #floods: Floods
  readonly #budget = new StrayBudget(performance.now())
  #linesLeft = 0
  /** Of the line that is being read; absent for one that somebody waits for. An empty line is a stray. */
  #strayBytes: number | undefined = 0
  #isHeld = false
  #isYielding = false
  #isEnding = false
  #pause: NodeJS.Timeout | undefined

  constructor(stream: Readable, maxBytes: number, sink: LineReaderSink, floods: Floods) {
    this.#stream = stream
    this.#lines = new LineSplitter(maxBytes, {
      onLine: (line) => (this.#strayBytes = sink.onLine(line) ? undefined : line.length),
      onOversize: (head, tail) => sink.onOversize(head, tail),
    })
    this.#floods = floods
    stream.on('data', (chunk: Buffer) => this.#read(chunk))
    stream.on('end', () => this.#lines.flush())
    stream.on('close', () => this.#endPause())
    stream.on('error', () => undefined)
  }

  /** A held stream is left unread from the next line on. */
  hold(isHeld: boolean): void {
    this.#isHeld = isHeld
    this.#settle()
  }

  /** The process is gone: what it has left in the pipe is read without pauses. */
  finish(): void {
    this.#isEnding = true
    this.#endPause()
    this.#settle()
  }

  #read(chunk: Buffer): void {
    this.#linesLeft = MAX_LINES_PER_TURN
    const rest = this.#lines.push(chunk, this.#goOn)
    if (this.#lines.isDiscarding) this.#spend(0, chunk.length)
    if (rest === undefined) return
    this.#stream.pause()
    this.#stream.unshift(rest)
    this.#isYielding = true
    setImmediate(() => {
      this.#isYielding = false
      this.#settle()
    })
  }

  /** After each line: whether the next one is read in this turn. */
  readonly #goOn = (): boolean => {
    if (this.#strayBytes !== undefined) this.#spend(1, this.#strayBytes)
    this.#strayBytes = 0
    this.#linesLeft -= 1
    return this.#linesLeft > 0 && !this.#isHeld && this.#pause === undefined
  }

  #spend(lines: number, bytes: number): void {
    const now = performance.now()
    this.#budget.spend(lines, bytes, now)
    if (!this.#budget.isUsedUp || this.#isEnding || this.#pause !== undefined) return
    this.#floods.begin()
    const earnedMs = this.#budget.pauseMs()
    this.#pause = setTimeout(() => {
      this.#budget.resume(earnedMs, performance.now())
      this.#endPause()
      this.#settle()
    }, earnedMs * this.#floods.stretch)
    this.#pause.unref()
    this.#settle()
  }

  #endPause(): void {
    if (this.#pause === undefined) return
    clearTimeout(this.#pause)
    this.#pause = undefined
    this.#floods.end()
  }

  #settle(): void {
    const isPaused = this.#isHeld || this.#isYielding || this.#pause !== undefined
    if (isPaused === this.#stream.isPaused()) return
    if (isPaused) this.#stream.pause()
    else this.#stream.resume()
  }
}
