/**
 * Opens a connection before a request wants it: so it is known in time that the server cannot be
 * reached, and which HTTP it speaks. Who connects next gets this one.
 */
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { buildConnector } from 'undici'
import { Unsent } from './unsent.ts'

/** A connection that nobody has taken by then is closed. */
const UNTAKEN_MS = 4_000

export class FirstConnection {
  readonly #target: buildConnector.Options
  readonly #open: buildConnector.connector
  readonly #onChange: (change: 1 | -1) => void
  #live = 0
  #isH2 = false
  #untaken: Socket | undefined
  #opening: Promise<void> | undefined

  /** `onChange`: a connection more, or less. */
  constructor(origin: URL, open: buildConnector.connector, onChange: (change: 1 | -1) => void) {
    const { hostname, host, protocol, port } = origin
    this.#target = { hostname: hostname.replace(/^\[(.*)\]$/, '$1'), host, protocol, port }
    this.#open = open
    this.#onChange = onChange
  }

  get isConnected(): boolean {
    return this.#live > 0
  }

  /** As of the newest connection. */
  get isH2(): boolean {
    return this.#isH2
  }

  /** Resolves when there is a connection. Rejects with `Unsent`, whose cause is what the system, or TLS, says. */
  async ready(): Promise<void> {
    if (this.isConnected) return
    this.#opening ??= this.#openFirst().finally(() => {
      this.#opening = undefined
    })
    await this.#opening
  }

  /** For undici: the connection that nobody has taken, or a new one. */
  readonly connect: buildConnector.connector = (target, callback) => {
    const socket = this.#untaken
    this.#untaken = undefined
    if (socket === undefined || socket.destroyed) return this.#openOne(target, callback)
    queueMicrotask(() => callback(null, socket))
  }

  close(): void {
    this.#untaken?.destroy()
    this.#untaken = undefined
  }

  async #openFirst(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<Socket>()
    this.#openOne(this.#target, (error, socket) => {
      if (error === null) resolve(socket)
      else reject(error)
    })
    const socket = await promise
    this.#untaken = socket
    setTimeout(() => {
      if (this.#untaken === socket) this.close()
    }, UNTAKEN_MS).unref()
  }

  #openOne(target: buildConnector.Options, callback: buildConnector.Callback): void {
    this.#open(target, (error, socket) => {
      if (error !== null) return callback(new Unsent('not connected', error), null)
      this.#note(socket)
      callback(null, socket)
    })
  }

  #note(socket: Socket): void {
    this.#live += 1
    this.#isH2 = isH2(socket)
    this.#onChange(1)
    socket.once('close', () => {
      this.#live -= 1
      this.#onChange(-1)
    })
  }
}

export function isH2(socket: Socket): boolean {
  return socket instanceof TLSSocket && socket.alpnProtocol === 'h2'
}
