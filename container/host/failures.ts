/** Which servers of a cell do not start, and why: told to the object, and logged once for each reason. */
import type { Launch, StartFailedMeta, Why } from '#protocol/link.ts'

interface Known {
  meta: StartFailedMeta
  /** As it was logged last. */
  reason: string
}

export class Failures {
  readonly #send: (meta: StartFailedMeta) => void
  readonly #log: (level: 'warn' | 'debug', facts: Record<string, unknown>) => void
  /** By launch, no more than there are. */
  readonly #known = new Map<string, Known>()

  constructor(
    send: (meta: StartFailedMeta) => void,
    log: (level: 'warn' | 'debug', facts: Record<string, unknown>) => void,
  ) {
    this.#send = send
    this.#log = log
  }

  note({ name: server, digest }: Launch, why: Why | undefined): void {
    const known = this.#known.get(server)
    if (why === undefined) {
      if (known === undefined) return
      known.meta = { server, digest, isOver: true }
      return this.#send(known.meta)
    }
    // Attempts, times and process ids differ each time.
    const reason = (why.hint ?? why.detail ?? '').replace(/\d+/g, '#')
    const isKnown = known?.reason === reason && known.meta.digest === digest
    const { detail: error, output, hint } = why
    this.#log(isKnown ? 'debug' : 'warn', { server, error, output, hint })
    const meta = { server, digest, ...why }
    this.#known.set(server, { meta, reason })
    if (!isKnown || known.meta.isOver === true) this.#send(meta)
  }

  isFailing(server: string): boolean {
    const known = this.#known.get(server)
    return known !== undefined && known.meta.isOver !== true
  }

  /** An object that is new is told anew. */
  configure(launches: readonly Launch[]): void {
    const digests = new Map(launches.map(({ name, digest }) => [name, digest]))
    for (const [server, { meta }] of this.#known) {
      if (digests.get(server) !== meta.digest) this.#known.delete(server)
      else if (meta.isOver !== true) this.#send(meta)
    }
  }
}
