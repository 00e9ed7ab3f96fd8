/** What one session with a remote server sends and reads, over the pools of its cell. */
import type { WebSocket } from 'ws'
import { toRemoteFault } from './describe.ts'
import type { Pools } from './pools.ts'
import { ReadingGate } from './reading-gate.ts'
import { Unsent } from './unsent.ts'
import { openWebSocket } from './web-socket.ts'
import type { HeldBy } from '../supervisor/output.ts'
import type { RemoteLaunch } from '#protocol/link.ts'
import type { ConnectWebSocket, RemoteFetch } from '#protocol/remote/remote.ts'
import { mayBePrivate, withScheme } from '#protocol/remote/url.ts'

/** A server that has not answered the closing of its socket by then is cut off. */
const CLOSE_MS = 1_000

export interface NetworkOptions {
  remote: RemoteLaunch['remote']
  pools: Pools
  /** The server has seen nothing of this message. */
  onUnsent(payload: Uint8Array): void
}

export class Network {
  readonly #options: NetworkOptions
  readonly #reading = new ReadingGate()
  #socket: WebSocket | undefined
  #requestBytes = 0

  constructor(options: NetworkOptions) {
    this.#options = options
  }

  /** Of messages that are not on their way yet. */
  get waitingBytes(): number {
    return this.#requestBytes + (this.#socket?.bufferedAmount ?? 0)
  }

  /** Resolves when the server can be reached. Rejects with `Unsent`. */
  async ready(signal: AbortSignal): Promise<void> {
    const { pools, remote } = this.#options
    await pools.of(withScheme(remote.url, 'http'), remote).ready(signal)
  }

  /** What the server sends is not read while any reason holds. */
  hold(reason: HeldBy | 'early', isHeld: boolean): void {
    this.#reading.hold(reason, isHeld)
    if (this.#reading.opened === undefined) this.#socket?.resume()
    else this.#socket?.pause()
  }

  readonly fetch: RemoteFetch = async (address, request) => {
    const url = new URL(address)
    const { pools, remote, onUnsent } = this.#options
    const bytes = request.body?.length ?? 0
    this.#requestBytes += bytes
    try {
      const hold = (): Promise<void> | undefined => this.#reading.opened
      const settings = { ...remote, allowPrivate: mayBePrivate(url, remote) }
      return await pools.of(url, settings).fetch(url, { ...request, hold })
    } catch (error) {
      if (error instanceof Unsent && request.body !== undefined) onUnsent(request.body)
      throw toRemoteFault(error, url)
    } finally {
      this.#requestBytes -= bytes
    }
  }

  readonly connectWebSocket: ConnectWebSocket = async (address, request) => {
    const { pools, remote } = this.#options
    try {
      const socket = await openWebSocket(address, request, {
        allowPrivate: remote.allowPrivate,
        resolve: pools.resolve,
        counts: pools.countsOf(withScheme(address, 'http')),
      })
      this.#socket = socket
      if (this.#reading.opened !== undefined) socket.pause()
      return { send: (text) => socket.send(text), close: () => closeSocket(socket) }
    } catch (error) {
      throw toRemoteFault(error, new URL(address))
    }
  }
}

function closeSocket(socket: WebSocket): void {
  socket.resume()
  socket.close()
  setTimeout(() => socket.terminate(), CLOSE_MS).unref()
}
