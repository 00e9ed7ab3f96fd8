import type { ConsoleLine } from '#protocol/console.ts'
import type { RequestId } from '#protocol/json-rpc.ts'
import { RingBuffer } from './ring-buffer.ts'

const MAX_LINES = 500
const MAX_BYTES = 256 * 1024

/** Consoles of ended processes that are kept. */
const MAX_ENDED = 20

export type ConsoleStream = ConsoleLine['stream']

export interface ConsoleEntry extends ConsoleLine {
  /** The name of its launch. */
  server: string
  /** The channel's key; absent while the process is a spare. */
  key?: string
}

/** What one process has printed, its newest lines. */
export class ProcessConsole {
  readonly server: string
  readonly pid: number
  /** Set when the process is leased. */
  key: string | undefined
  readonly #lines = new RingBuffer<ConsoleEntry>(MAX_LINES, MAX_BYTES)

  constructor(server: string, pid: number) {
    this.server = server
    this.pid = pid
  }

  push(stream: ConsoleStream, text: string, callId: RequestId | undefined): void {
    const entry: ConsoleEntry = {
      time: new Date().toISOString(),
      server: this.server,
      ...(this.key === undefined ? {} : { key: this.key }),
      pid: this.pid,
      stream,
      ...(callId === undefined ? {} : { callId }),
      text,
    }
    this.#lines.push(entry, Buffer.byteLength(text))
  }

  entries(): ConsoleEntry[] {
    return this.#lines.toArray()
  }

  /** The lines alone, oldest first. */
  texts(): string[] {
    return this.#lines.toArray().map(({ text }) => text)
  }
}

/** The consoles of one cell: of every live process, and of the last that ended. */
export class CellConsole {
  readonly #live = new Set<ProcessConsole>()
  readonly #ended = new RingBuffer<ProcessConsole>(MAX_ENDED, MAX_ENDED)

  open(server: string, pid: number): ProcessConsole {
    const console = new ProcessConsole(server, pid)
    this.#live.add(console)
    return console
  }

  end(console: ProcessConsole): void {
    if (this.#live.delete(console)) this.#ended.push(console, 1)
  }

  /** Oldest first, over all processes of the launches that are wanted. */
  entries(isWanted: (launch: string) => boolean = () => true): ConsoleEntry[] {
    return [...this.#ended.toArray(), ...this.#live]
      .filter(({ server }) => isWanted(server))
      .flatMap((console) => console.entries())
      .sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0))
  }
}
