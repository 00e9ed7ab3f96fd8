/**
 * Processes that a former object brought up for clients that have no session, or for all: each waits for
 * the next use by those that it was brought up for. One that nobody asks for is idle, and ends as such in
 * its host program.
 */
import { isBeginId } from '../asked-ids.ts'
import { decode, encode } from '../connection.ts'
import { sha256 } from '../launch.ts'
import type { LinkChannel } from './channel.ts'

/** Of a tenant; one that is found beyond that ends. */
const MAX_KEPT = 1_024

const PREFIX = 'kept:'

interface Kept {
  channel: LinkChannel
  placement: string
}

export class FormerProcesses {
  /** By the channel's key. */
  readonly #kept = new Map<string, Kept>()

  /** False where it is of no use. */
  keep(channel: LinkChannel, placement: string): boolean {
    const { key } = channel
    // An older host program does not tell whether it is initialised.
    if (!key.startsWith(PREFIX) || channel.former?.hasAnswered !== true) return false
    // Of two the former one was about to end.
    this.#kept.get(key)?.channel.close()
    if (!this.#kept.has(key) && this.#kept.size >= MAX_KEPT) return false
    this.#kept.set(key, { channel, placement })
    this.#listen(channel)
    return true
  }

  /** A container has no say in the processes of another one: `placement` is where it has to be. */
  take(key: string, placement: string | undefined): LinkChannel | undefined {
    const kept = this.#kept.get(key)
    if (kept === undefined || kept.placement !== placement) return undefined
    this.#kept.delete(key)
    return kept.channel.over ? undefined : kept.channel
  }

  #listen(channel: LinkChannel): void {
    const drop = (): void => {
      if (this.#kept.get(channel.key)?.channel === channel) this.#kept.delete(channel.key)
    }
    channel.listen({
      onMessage: (payload, { kind, id, method }) => {
        if (kind === 'request') {
          const { id: asked } = decode(payload)
          const answer = method === 'ping' ? { result: {} } : { error: NOBODY }
          channel.send(encode({ jsonrpc: '2.0', id: asked, ...answer }))
        } else if (kind === 'response' && isBeginId(id)) {
          drop()
          channel.close()
        }
      },
      onOversize: () => undefined,
      onUndelivered: () => undefined,
      onFailed: () => undefined,
      onOver: drop,
    })
  }
}

/**
 * What a process is found by again. `name`: whose it is, and all that it was told; whoever says the same
 * may have it.
 */
export async function formerKey(digest: string, name: string): Promise<string> {
  return `${PREFIX}${await sha256(`${digest} ${name}`)}`
}

const NOBODY = { code: -32601, message: 'There is no client to ask' }
