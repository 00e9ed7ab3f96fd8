/**
 * What serves a server of which nothing is known yet: its calls are there while that is found out, so
 * that their clients hear how far its start is.
 */
import type { ClientCall } from '../call/client-call.ts'
import type { ModernServing } from '../call/serving.ts'

export class ServingSoon implements ModernServing {
  readonly #find: () => Promise<ModernServing>
  #found: ModernServing | undefined

  /** `find` may be asked again after it has failed. */
  constructor(find: () => Promise<ModernServing>) {
    this.#find = find
  }

  async call(client: ClientCall, body: Uint8Array): Promise<void> {
    this.#found ??= await this.#find()
    if (!client.settled) await this.#found.call(client, body)
  }

  abandon(client: ClientCall): void {
    if (this.#found === undefined) client.abandon()
    else this.#found.abandon(client)
  }

  async mayRepeat(client: ClientCall): Promise<boolean> {
    return (await this.#found?.mayRepeat?.(client)) ?? false
  }

  close(): void {}
}
