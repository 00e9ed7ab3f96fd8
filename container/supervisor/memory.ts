/** Whether there is memory for one more process, and which server was ended because there was none. */
import {
  readKills,
  readMemory,
  readResidentBytes,
  readText,
  type MemoryFigures,
  type ReadText,
} from './memory-figures.ts'
import type { Log } from '../host/log.ts'

/** What a small server has taken a few seconds after its start. */
const PROCESS_BYTES = 48 * 1024 * 1024
/** What is left to the processes that run. */
const RESERVE_BYTES = 32 * 1024 * 1024
/** So long after its start a process has most of what it needs, and is in the kernel's figures. */
const YOUNG_MS = 3_000
/** The kernel is asked no more often for how much there is. */
const FIGURES_MS = 250
/** How often it is asked whether it has ended a process: what a server had started may have been that. */
const KILLS_MS = 1_000
/** A process that goes by SIGKILL within this time of the kernel's deed was meant. */
const ATTRIBUTED_MS = 2_500
const MIB = 1024 * 1024
/** Servers that a log line names. */
const MAX_NAMED = 5

interface Started {
  server: string
  /** `performance.now()` */
  at: number
}

export class Memory {
  readonly #read: ReadText
  readonly #log: Log
  readonly #timer: NodeJS.Timeout
  /** By pid. */
  readonly #processes = new Map<number, Started>()
  /** `performance.now()` of the last starts that have no process yet. */
  #starts: number[] = []
  #figures: MemoryFigures | undefined
  #readAt = -Infinity
  #kills: number
  #killedAt = -Infinity

  constructor(log: Log, read: ReadText = readText) {
    this.#log = log
    this.#read = read
    this.#kills = readKills(read) ?? 0
    this.#timer = setInterval(() => this.#countKills(), KILLS_MS)
    this.#timer.unref()
  }

  /** Processes that may be started, as far as memory is concerned. */
  room(): number {
    const figures = this.#refresh()
    if (figures === undefined) return Infinity
    const free = Math.floor((figures.availableBytes - RESERVE_BYTES) / PROCESS_BYTES)
    return Math.max(0, free - this.#countYoung())
  }

  /** Those that the kernel's figures do not show yet. One that has ended takes nothing more. */
  #countYoung(): number {
    const now = performance.now()
    this.#starts = this.#starts.filter((at) => now - at < YOUNG_MS)
    let young = this.#starts.length
    for (const { at } of this.#processes.values()) if (now - at < YOUNG_MS) young += 1
    return young
  }

  /** For whoever is refused a process. */
  describe(): string {
    const { availableBytes = 0, limitBytes = 0 } = this.#figures ?? {}
    const [left, all, needed] = [availableBytes, limitBytes, RESERVE_BYTES + PROCESS_BYTES].map(
      inMiB,
    )
    return `memory is short: ${left} of ${all} MiB are left, and a start needs ${needed}. Give the container a larger instance_type, or run fewer processes`
  }

  /** One is about to be started. */
  reserve(): void {
    this.#starts.push(performance.now())
  }

  begin(server: string, pid: number): void {
    this.#processes.set(pid, { server, at: this.#starts.shift() ?? performance.now() })
  }

  /** The process is gone; says why, when that was because memory had run out. */
  end(pid: number, exitCode: number | null, signal: string | null): string | undefined {
    const server = this.#processes.get(pid)?.server
    this.#processes.delete(pid)
    // A shell around a process that was killed ends with 137.
    if (signal !== 'SIGKILL' && exitCode !== 137) return undefined
    this.#countKills()
    if (performance.now() - this.#killedAt > ATTRIBUTED_MS) return undefined
    const limitMiB = inMiB(this.#refresh()?.limitBytes ?? 0)
    this.#log('error', 'server_out_of_memory', { server, pid, limitMiB, beside: this.#usage() })
    return `memory had run out (${limitMiB} MiB for all servers), and the system ended this process`
  }

  #countKills(): void {
    const kills = readKills(this.#read) ?? 0
    if (kills === this.#kills) return
    this.#kills = kills
    this.#killedAt = performance.now()
    this.#log('warn', 'out_of_memory', { kills, servers: this.#usage() })
  }

  #refresh(): MemoryFigures | undefined {
    const now = performance.now()
    if (now - this.#readAt < FIGURES_MS) return this.#figures
    this.#readAt = now
    this.#figures = readMemory(this.#read)
    return this.#figures
  }

  /** The largest processes of servers. */
  #usage(): { server: string; pid: number; mib: number }[] {
    return Array.from(this.#processes, ([pid, { server }]) => ({
      server,
      pid,
      mib: inMiB(readResidentBytes(this.#read, pid)),
    }))
      .toSorted((a, b) => b.mib - a.mib)
      .slice(0, MAX_NAMED)
  }
}

function inMiB(bytes: number): number {
  return Math.round(bytes / MIB)
}
