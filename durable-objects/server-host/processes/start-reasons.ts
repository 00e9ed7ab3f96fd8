/**
 * Why servers do not start at the moment: as their host programs tell, and what is found out here, where
 * it is known what a first answer is. In memory: a host program tells a new object anew.
 */
import { BoundedMap } from '#protocol/bounded-map.ts'
import type { GatewayError } from '#protocol/errors.ts'
import type { Launch, StartFailedMeta } from '#protocol/link.ts'
import { describe, toFault } from './link/why.ts'

/** The oldest leave: each principal may have launches of its own. */
const MAX_KNOWN = 1_024

interface Known {
  digest: string
  fault: GatewayError
}

export class StartReasons {
  readonly #tenant: string | undefined
  /** By launch, of those that are configured. */
  readonly #known = new BoundedMap<string, Known>(MAX_KNOWN)
  /** What was logged last of each. */
  readonly #logged = new BoundedMap<string, string>(MAX_KNOWN)

  constructor(tenant?: string) {
    this.#tenant = tenant
  }

  of({ name, digest }: Launch): GatewayError | undefined {
    const known = this.#known.get(name)
    return known?.digest === digest ? known.fault : undefined
  }

  /** Logged by the host program. */
  hear({ server, digest, isOver, ...why }: StartFailedMeta): void {
    if (isOver === true) this.#known.delete(server)
    else this.#known.set(server, { digest, fault: toFault('server_start_failed', why) })
  }

  /** It answered its first request otherwise than it must, or not in time. */
  note({ name, digest }: Launch, fault: GatewayError): void {
    this.#known.set(name, { digest, fault })
    if (this.#logged.get(name) === fault.message) return
    this.#logged.set(name, fault.message)
    const line = {
      time: new Date().toISOString(),
      event: 'server_start_failed',
      ...(this.#tenant !== undefined && { tenant: this.#tenant }),
      server: name,
      code: fault.code,
      ...describe(fault),
    }
    console.warn(JSON.stringify(line))
  }

  /** It has answered. */
  end({ name }: Launch): void {
    this.#known.delete(name)
  }

  /** `digests`: of all launches. */
  retain(digests: ReadonlySet<string>): void {
    for (const [name, { digest }] of this.#known) if (!digests.has(digest)) this.#known.delete(name)
    for (const name of this.#logged.keys()) if (!this.#known.has(name)) this.#logged.delete(name)
  }
}
