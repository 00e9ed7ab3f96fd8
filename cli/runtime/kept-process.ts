/** A process that is started again whenever it dies. */
import type { ChildProcess } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'

/** One life of it. */
export interface Life {
  child: ChildProcess
  /** Settled when the process is gone. */
  ended: Promise<void>
}

export interface KeptProcessOptions<L extends Life> {
  /** In the lines that tell of it. */
  name: string
  /** Throws when it ends before it serves; no process is left then. `former` is the life before. */
  start: (signal: AbortSignal, former?: L) => Promise<L>
  onLine: (level: string, text: string) => void
}

const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 5_000
/** A life of this length forgives earlier deaths. */
const STABLE_MS = 10_000

export class KeptProcess<L extends Life> {
  readonly #options: KeptProcessOptions<L>
  readonly #stopping = new AbortController()
  #life: L
  #rebirth = Promise.withResolvers<void>()

  static async start<L extends Life>(options: KeptProcessOptions<L>): Promise<KeptProcess<L>> {
    return new KeptProcess(options, await options.start(new AbortController().signal))
  }

  private constructor(options: KeptProcessOptions<L>, life: L) {
    this.#options = options
    this.#life = life
    void this.#keepAlive()
  }

  get life(): L {
    return this.#life
  }

  /** Kills it as a crash would; resolves when its next life serves. */
  async crash(): Promise<void> {
    const { promise } = this.#rebirth
    this.#life.child.kill('SIGKILL')
    await promise
  }

  /** SIGTERM; SIGKILL after `graceMs`, or at once without it. */
  async stop(graceMs = 0): Promise<void> {
    this.#stopping.abort()
    const { child, ended } = this.#life
    if (graceMs > 0) child.kill('SIGTERM')
    const timer = setTimeout(() => child.kill('SIGKILL'), graceMs)
    await ended
    clearTimeout(timer)
  }

  async #keepAlive(): Promise<void> {
    const { signal } = this.#stopping
    let pause = FIRST_PAUSE_MS
    while (!signal.aborted) {
      const bornAt = Date.now()
      const { child, ended } = this.#life
      await ended
      if (signal.aborted) return
      const how = child.signalCode ?? `code ${child.exitCode}`
      this.#options.onLine('warn', `${this.#options.name} ended (${how}); it is started again`)
      if (Date.now() - bornAt > STABLE_MS) pause = FIRST_PAUSE_MS
      pause = await this.#restart(pause)
    }
  }

  /** Tries until it lives or we stop. Returns the pause before the next attempt after this one. */
  async #restart(firstPause: number): Promise<number> {
    const { signal } = this.#stopping
    for (let pause = firstPause; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
      await sleep(pause, undefined, { signal }).catch(() => {}) // aborted: the check below ends it
      if (signal.aborted) return pause
      try {
        this.#life = await this.#options.start(signal, this.#life)
        this.#rebirth.resolve()
        this.#rebirth = Promise.withResolvers()
        return Math.min(pause * 2, LONGEST_PAUSE_MS)
      } catch (error) {
        if (!signal.aborted)
          this.#options.onLine('error', `${this.#options.name}: ${String(error)}`)
      }
    }
  }
}
