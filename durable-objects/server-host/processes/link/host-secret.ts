import { randomHex } from '../../../random-hex.ts'

/** What an object proves itself with to the host program in its container: another one for each start. */
const KEY = 'host_secret'
const BYTES = 32

/** Stored, as an object may be replaced while its container runs. It is never logged. */
export class HostSecret {
  readonly #storage: DurableObjectStorage
  #value: string | undefined

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage
  }

  get value(): string {
    return (this.#value ??= this.#stored ?? this.renew())
  }

  /** What a request to the host program has to say. */
  get headers(): { Authorization: string } {
    return { Authorization: `Bearer ${this.value}` }
  }

  /** For a container that is not started yet. */
  renew(): string {
    const value = randomHex(BYTES)
    this.#storage.kv.put(KEY, value)
    this.#value = value
    return value
  }

  get #stored(): string | undefined {
    return this.#storage.kv.get<string>(KEY)
  }
}
