/** One installation that is under way, and those who wait for it. */
import type { InstallWatch, ResolveOptions } from './resolved.ts'
import { URGENCY, type Urgency } from '#protocol/link.ts'

export class Installation {
  readonly #spec: string
  readonly #watches = new Set<InstallWatch>()
  readonly #done = Promise.withResolvers<void>()
  #state: 'queued' | 'installing' = 'queued'

  constructor(spec: string) {
    this.#spec = toPublic(spec)
    // Everyone who waits may have left.
    this.#done.promise.catch(() => undefined)
  }

  /** As urgent as the most urgent of those who wait. */
  get urgency(): Urgency {
    let most: Urgency = URGENCY.none
    for (const { ticket } of this.#watches) if (ticket.urgency > most) most = ticket.urgency
    return most
  }

  /** Installs when it is its turn: whoever asked first has joined. Rejects with what `install` does. */
  async run(
    { turns, log }: Pick<ResolveOptions, 'turns' | 'log'>,
    cell: object,
    install: () => Promise<void>,
  ): Promise<void> {
    const end = await turns.take(cell, this)
    try {
      this.#state = 'installing'
      for (const watch of this.#watches) this.#tell(watch)
      const shown = [...this.#watches].reduce((text, { redact }) => redact(text), this.#spec)
      log('info', 'package_installing', { package: shown })
      const begunAt = performance.now()
      await install()
      const ms = Math.round(performance.now() - begunAt)
      log('info', 'package_installed', { package: shown, ms })
      this.#done.resolve()
    } catch (error) {
      this.#done.reject(error)
      throw error
    } finally {
      end()
    }
  }

  /** Resolves when it is installed; rejects with why it is not. */
  async join(watch: InstallWatch): Promise<void> {
    this.#watches.add(watch)
    this.#tell(watch)
    try {
      await this.#done.promise
    } finally {
      this.#watches.delete(watch)
    }
  }

  #tell(watch: InstallWatch): void {
    watch.onState(this.#state, watch.redact(this.#spec))
  }
}

/** Clients and logs are told of it: an address may have a credential before its host, or in its query. */
function toPublic(spec: string): string {
  return spec.replace(/\/\/[^/@\s]+@/g, '//').replace(/\?[^\s#]*/g, '')
}
