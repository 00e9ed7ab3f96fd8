/** The sessions with remote servers that this object has: no more of a server than its `maxProcesses`. */
import { GatewayError } from '#protocol/errors.ts'
import type { OpenMeta, RemoteLaunch } from '#protocol/link.ts'
import { AskNumbers } from '#protocol/numbering/numbers.ts'
import { findYielding, type Owner } from '#protocol/yielding.ts'
import { RemoteChannel, type Network } from './remote-channel.ts'

/** One that was used since may be about to be used again. */
const MIN_IDLE_MS = 1_000

export class RemoteChannels {
  readonly #network: Network
  readonly #askNumbers = new AskNumbers(Math.random())
  /** By the launch's name. */
  readonly #open = new Map<string, Set<RemoteChannel>>()

  constructor(network: Network) {
    this.#network = network
  }

  /** Throws `server_busy`. A session of a client outlives its channel, so an idle one makes room. */
  open(launch: RemoteLaunch, { key, owner }: Omit<OpenMeta, 'server'>): RemoteChannel {
    const others = this.#open.get(launch.name) ?? new Set()
    if (others.size >= launch.maxProcesses) makeRoom(others, owner)
    this.#open.set(launch.name, others)
    const channel: RemoteChannel = new RemoteChannel({
      ...{ launch, key, owner, network: this.#network, askNumbers: this.#askNumbers },
      onEnd: () => {
        others.delete(channel)
        if (others.size === 0 && this.#open.get(launch.name) === others) {
          this.#open.delete(launch.name)
        }
      },
    })
    others.add(channel)
    return channel
  }

  /** Ends every session, also those with requests in flight. */
  endAll(): void {
    for (const channels of [...this.#open.values()]) {
      for (const channel of [...channels]) channel.expire('its server was removed')
    }
  }
}

function makeRoom(channels: ReadonlySet<RemoteChannel>, taker: Owner): void {
  const now = Date.now()
  const all = [...channels]
  const ownerOf = ({ owner }: RemoteChannel): Owner => owner
  const idle = all
    .filter((channel) => channel.idleMs(now) > MIN_IDLE_MS)
    .toSorted((a, b) => b.idleMs(now) - a.idleMs(now))
  const idlest = findYielding(idle, ownerOf, all.map(ownerOf), taker)
  if (idlest === undefined) throw new GatewayError('server_busy')
  idlest.expire('another session needed its place')
}
