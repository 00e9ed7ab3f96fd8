/**
 * Keeps a gateway at what its configuration file says. A file that cannot be read, or that is refused,
 * changes nothing: what runs goes on until the file is mended.
 */
import type { FileConfig, ReadConfig } from '../config-file.ts'
import { describeError } from '../failure.ts'
import { compareConfigs, isSame, type Difference } from './difference.ts'

export type Reload =
  | ({ outcome: 'applied'; config: ReadConfig } & Difference)
  /** One line for each problem. */
  | { outcome: 'refused'; problems: string[] }
  /** The file was refused before, and says now what runs. */
  | { outcome: 'mended' }

export interface LiveConfigOptions {
  /** What runs. */
  applied: ReadConfig
  /** Reads the file. Throws an error whose message has a line for each problem. */
  read: () => ReadConfig
  apply: (config: FileConfig, difference: Difference) => Promise<void>
  onReload: (reload: Reload) => void
}

interface Asked {
  /** What is wrong with the file may be that it is not written yet. */
  mayBeUnfinished: boolean
}

/** A file that is being written becomes valid within this time; only then its faults are told. */
const SETTLE_MS = 400

export class LiveConfig {
  readonly #options: LiveConfigOptions
  #applied: FileConfig
  /** What was told last, while it is not mended. */
  #refused: string | undefined
  #asked: Asked | undefined
  #isWorking = false
  #settling: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(options: LiveConfigOptions) {
    this.#options = options
    this.#applied = options.applied
    this.#refused = toText(options.applied.refused)
  }

  /** The file may have changed. Changes that come meanwhile are taken together, after this one. */
  check(): void {
    this.#ask({ mayBeUnfinished: true })
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#settling)
  }

  #ask(asked: Asked): void {
    clearTimeout(this.#settling)
    this.#asked = asked
    if (!this.#isWorking) void this.#work()
  }

  /** Never rejects. */
  async #work(): Promise<void> {
    this.#isWorking = true
    while (this.#asked !== undefined && !this.#isClosed) {
      const asked = this.#asked
      this.#asked = undefined
      await this.#reload(asked)
    }
    this.#isWorking = false
  }

  async #reload({ mayBeUnfinished }: Asked): Promise<void> {
    let read: ReadConfig
    try {
      read = this.#options.read()
    } catch (error) {
      if (!mayBeUnfinished) return this.#refuse(error)
      this.#settling = setTimeout(() => this.#ask({ mayBeUnfinished: false }), SETTLE_MS)
      this.#settling.unref()
      return
    }
    await this.#apply(read)
  }

  async #apply(read: ReadConfig): Promise<void> {
    const config = keepRefused(read, this.#applied)
    const difference = compareConfigs(this.#applied, config)
    const refused = toText(read.refused)
    const wasRefused = this.#refused !== undefined
    if (isSame(difference)) {
      if (refused !== undefined) return this.#refuse(new Error(refused))
      this.#refused = undefined
      if (wasRefused) this.#options.onReload({ outcome: 'mended' })
      return
    }
    try {
      await this.#options.apply(config, difference)
    } catch (error) {
      return this.#refuse(error)
    }
    this.#applied = config
    this.#options.onReload({ outcome: 'applied', config, ...difference })
    if (refused !== undefined) return this.#refuse(new Error(refused))
    this.#refused = undefined
  }

  /** The same problems are told once. */
  #refuse(error: unknown): void {
    const text = describeError(error)
    if (this.#isClosed || text === this.#refused) return
    this.#refused = text
    this.#options.onReload({ outcome: 'refused', problems: text.split('\n') })
  }
}

/** A server whose entry is wrong goes on as it was; one that was not there is left out. */
function keepRefused(read: ReadConfig, applied: FileConfig): ReadConfig {
  const { servers, refused } = read
  const kept = refused.flatMap(({ name }) => {
    const former = Object.hasOwn(applied.servers, name) ? applied.servers[name] : undefined
    return former === undefined ? [] : [[name, former] as const]
  })
  return { ...read, servers: { ...servers, ...Object.fromEntries(kept) } }
}

function toText(refused: ReadConfig['refused']): string | undefined {
  return refused.length === 0 ? undefined : refused.flatMap(({ problems }) => problems).join('\n')
}
