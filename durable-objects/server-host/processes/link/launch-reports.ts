/** What a host program says of its launches: whether their processes run, and what a start waits for. */
import type { LaunchMeta } from '#protocol/link.ts'
import { within } from '#protocol/within.ts'

export class LaunchReports {
  /** By the launch's name. One without a process and without a start is not among them. */
  readonly #known = new Map<string, LaunchMeta>()

  #hasTold = false
  #told = Promise.withResolvers<void>()

  /** `isAnswer`: the host program has the configuration, and has said first which launches fail. */
  take(meta: LaunchMeta, isAnswer: boolean): void {
    this.#hasTold = true
    if (isAnswer) this.#told.resolve()
    if (meta.state === 'resting') this.#known.delete(meta.server)
    else this.#known.set(meta.server, meta)
  }

  /** `undefined`: nothing of it runs, or an older host program does not say. */
  of(launch: string): LaunchMeta | undefined {
    return this.#known.get(launch)
  }

  /** The same for an operator; `undefined`: an older host program does not say. */
  report(launch: string): LaunchMeta | undefined {
    const resting = { server: launch, state: 'resting', processes: 0, spares: 0 } as const
    return this.#known.get(launch) ?? (this.#hasTold ? resting : undefined)
  }

  /** Resolves with the first answer of this host program to a configuration, and after `timeoutMs` without one. */
  told(timeoutMs: number): Promise<void> {
    return within(this.#told.promise, timeoutMs, () => undefined)
  }

  /** The host program is another one, or gone. */
  clear(): void {
    this.#told.resolve()
    this.#told = Promise.withResolvers()
    this.#hasTold = false
    this.#known.clear()
  }
}
