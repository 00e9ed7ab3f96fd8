/** Installations, as a person hears of them while servers start: each once. */
import { z } from 'zod'
import type { Log } from './log.ts'
import { parseLine } from './parse-line.ts'
import { toPlain } from './table.ts'

/** Packages that are remembered; with more the oldest is told again. */
const MAX_TOLD = 1_024

const Line = z.looseObject({
  event: z.enum(['package_installing', 'package_installed']),
  package: z.string(),
  ms: z.number().optional(),
})

export class InstallLines {
  readonly #log: Log
  /** Packages that are being installed: what failed is tried again by each start of a server. */
  readonly #told = new Set<string>()

  constructor(log: Log) {
    this.#log = log
  }

  /** Whether a line of the host program is about an installation: then it is told in words of ours. */
  hear(text: string): boolean {
    if (!text.includes('"package_install')) return false
    const line = Line.safeParse(parseLine(text))
    if (!line.success) return false
    const { event, package: name, ms = 0 } = line.data
    if (event === 'package_installing') this.#begin(name)
    else this.#end(name, ms)
    return true
  }

  #begin(name: string): void {
    if (this.#told.has(name)) return
    const [oldest] = this.#told
    if (this.#told.size >= MAX_TOLD && oldest !== undefined) this.#told.delete(oldest)
    this.#told.add(name)
    this.#log.write('info', `installing ${toPlain(name)} …`)
  }

  #end(name: string, ms: number): void {
    this.#told.delete(name)
    this.#log.write(
      'info',
      `installed ${toPlain(name)} in ${Math.max(1, Math.round(ms / 1_000))} s`,
    )
  }
}
