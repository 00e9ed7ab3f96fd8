/**
 * The subscription of a legacy session on a modern server: it brings list changes and the updates
 * of the resources that the session subscribed to. Opened again when it went with its process.
 */
import { encode } from '../../processes/connection.ts'
import type { SharedCall, SharedProcess } from '../../processes/shared-process.ts'
import { ACKNOWLEDGED, untagNotification } from '../../translate/listen.ts'

export interface ModernListeningOptions {
  process: SharedProcess
  /** See `SharedCall.caller`. */
  caller: string
  /** The request as the session wants it now; `undefined` when there is nothing to listen for. */
  toRequest: (id: number) => object | undefined
  onNotification: (payload: Uint8Array, method: string) => void
}

export class TranslatedListening {
  readonly #options: ModernListeningOptions
  #id: number | undefined
  #opening: Promise<void> | undefined
  /** It is not open as the session wants it. */
  #isStale = true
  #isClosed = false

  constructor(options: ModernListeningOptions) {
    this.#options = options
  }

  /** Resolves when it is open as the session wants it. Throws what a start can fail with. */
  async ensure(): Promise<void> {
    if (!this.#isStale) return
    this.#opening ??= this.#open().finally(() => {
      this.#opening = undefined
    })
    await this.#opening
  }

  /** The session wants to hear of something else now. */
  renew(): Promise<void> {
    this.#isStale = true
    return this.ensure()
  }

  close(): void {
    this.#isClosed = true
    if (this.#id !== undefined) this.#options.process.cancel(this.#id, 'session ended')
  }

  async #open(): Promise<void> {
    while (this.#isStale && !this.#isClosed) {
      this.#isStale = false
      const former = this.#id
      try {
        this.#id = await this.#request()
      } catch (error) {
        this.#isStale = true
        throw error
      }
      if (former !== undefined) this.#options.process.cancel(former, 'replaced')
    }
    if (this.#isClosed) this.close()
  }

  async #request(): Promise<number | undefined> {
    const { process, caller, toRequest, onNotification } = this.#options
    if (toRequest(0) === undefined) return undefined
    const call: SharedCall = {
      deadline: Infinity,
      caller,
      onResponse: () => undefined,
      onLost: () => {
        this.#isStale = true
      },
      onEvent: (payload, method) => {
        if (this.#isClosed || method === ACKNOWLEDGED) return
        onNotification(untagNotification(payload), method)
      },
    }
    return process.request(call, (id) => encode(toRequest(id) ?? {}))
  }
}
