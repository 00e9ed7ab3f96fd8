/** The host program as a child of ours: started again on the same port whenever it dies. */
import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { startHost, type LivingHost } from './host-birth.ts'

export interface HostProcessOptions {
  environment: Record<string, string>
  onLine: (level: string, text: string) => void
}

/** It ends its own children within about 5 s. */
const STOP_MS = 8_000
const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 5_000
/** A life of this length forgives earlier deaths. */
const STABLE_MS = 10_000

export class HostProcess {
  /** What it asks of whoever dials it, in all its lives. */
  readonly token: string
  readonly #options: HostProcessOptions
  readonly #stopping = new AbortController()
  #host: LivingHost
  #rebirth = Promise.withResolvers<void>()

  static async start(options: HostProcessOptions): Promise<HostProcess> {
    const signal = new AbortController().signal
    const token = randomBytes(32).toString('hex')
    const host = await startHost({ ...options, token, port: 0, signal })
    return new HostProcess(options, host, token)
  }

  private constructor(options: HostProcessOptions, host: LivingHost, token: string) {
    this.token = token
    this.#options = options
    this.#host = host
    void this.#keepAlive()
  }

  get pid(): number {
    return this.#host.pid
  }

  get port(): number {
    return this.#host.port
  }

  /** Kills the host program as a crash would; resolves when its next life listens. */
  async crash(): Promise<void> {
    const { promise } = this.#rebirth
    this.#host.child.kill('SIGKILL')
    await promise
  }

  /** SIGTERM, which ends its children as well; SIGKILL after `STOP_MS`. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    const { child, ended } = this.#host
    child.kill('SIGTERM')
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
    await ended
    clearTimeout(timer)
  }

  async #keepAlive(): Promise<void> {
    const { signal } = this.#stopping
    let pause = FIRST_PAUSE_MS
    while (!signal.aborted) {
      const bornAt = Date.now()
      await this.#host.ended
      if (signal.aborted) return
      this.#options.onLine('warn', 'the host program ended; it is started again')
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
        this.#host = await startHost({
          ...this.#options,
          token: this.token,
          port: this.#host.port,
          signal,
        })
        this.#rebirth.resolve()
        this.#rebirth = Promise.withResolvers()
        return Math.min(pause * 2, LONGEST_PAUSE_MS)
      } catch (error) {
        if (!signal.aborted) this.#options.onLine('error', `the host program: ${String(error)}`)
      }
    }
  }
}
