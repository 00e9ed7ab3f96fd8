/** The open streams of the HTTP+SSE transport (2024-11-05, basic/transports), by the id that clients post with. */
import { BoundedMap } from '#protocol/bounded-map.ts'
import { CATALOG } from '#protocol/catalog.ts'
import { GatewayError } from '#protocol/errors.ts'
import type { HostCall } from '#protocol/host-call.ts'
import type { HostContext } from '../../host-context.ts'
import type { SessionRecord } from '../../store/session-store.ts'
import { createSessionId } from '../session-id.ts'
import { SSESession, type AnswerLegacy } from './session.ts'

export interface SSESessionsOptions {
  context: HostContext
  storage: DurableObjectStorage
  answer: AnswerLegacy
}

/** Open at once. */
const MAX_STREAMS = 1_000
const MAX_STREAMS_OF_PRINCIPAL = 100
const RETRY_AFTER_MS = 5_000
/** Handshakes that are remembered for clients that come back without one; the oldest goes first. */
const MAX_HANDSHAKES = 256
const MAX_HANDSHAKE_CHARS = 16_384
/** Keys of legacy sessions that end with a stream. */
const MARK = 'sse:'

export class SSESessions {
  readonly #options: SSESessionsOptions
  readonly #open = new Map<string, SSESession>()
  /** `params` of the last `initialize` of each principal, by endpoint. */
  readonly #handshakes = new BoundedMap<string, string>(MAX_HANDSHAKES)

  constructor(options: SSESessionsOptions) {
    this.#options = options
    this.#endFormer()
  }

  get size(): number {
    return this.#open.size
  }

  /** A server is being started for one of them. */
  get isBeginning(): boolean {
    return [...this.#open.values()].some(({ isBeginning }) => isBeginning)
  }

  /** Throws `session_not_found`, `too_many_streams`, and what a legacy session refuses a message with. */
  async answer(host: HostCall, body: Uint8Array | undefined): Promise<Response> {
    if (host.http === 'GET') return this.#begin(host)
    const session = this.#open.get(host.sessionId ?? '')
    if (session === undefined || !isOf(session, host)) throw new GatewayError('session_not_found')
    return session.post(host, body ?? new Uint8Array())
  }

  #begin(host: HostCall): Response {
    this.#requireRoom(host)
    const { context, answer, storage } = this.#options
    const id = createSessionId()
    const session = new SSESession({
      ...{ id, host, context, answer },
      lastHandshake: () => this.#handshakes.get(toKey(faceOf(host), host.principal)),
      onBegun: (legacyId) => storage.kv.put(`${MARK}${legacyId}`, true),
      onEnded: (legacyId) => {
        this.#open.delete(id)
        if (legacyId !== undefined) this.#forget(legacyId)
      },
    })
    this.#open.set(id, session)
    return session.response
  }

  #requireRoom({ principal }: HostCall): void {
    const own = [...this.#open.values()].filter(({ host }) => host.principal === principal)
    const isFull = own.length >= MAX_STREAMS_OF_PRINCIPAL
    if (!isFull && this.#open.size < MAX_STREAMS) return
    const most = isFull ? `${MAX_STREAMS_OF_PRINCIPAL} for each caller` : `${MAX_STREAMS} in all`
    throw new GatewayError('too_many_streams', {
      detail: `at most ${most}`,
      retryAfterMs: RETRY_AFTER_MS,
    })
  }

  /** The streams of a former object broke with it, and nobody can come back to their sessions. */
  #endFormer(): void {
    const { storage, context } = this.#options
    for (const [key] of [...storage.kv.list({ prefix: MARK })]) {
      const legacyId = key.slice(MARK.length)
      this.#forget(legacyId)
      context.store.sessions.delete(legacyId)
    }
  }

  #forget(legacyId: string): void {
    const { storage, context } = this.#options
    storage.kv.delete(`${MARK}${legacyId}`)
    const record = context.store.sessions.get(legacyId)
    if (record !== undefined) this.#remember(record)
  }

  #remember({ server, principal, initialize }: SessionRecord): void {
    if (initialize.length > MAX_HANDSHAKE_CHARS) return
    this.#handshakes.set(toKey(server, principal), initialize)
  }
}

/** The endpoint that it came in at, whatever server it is about. */
function faceOf({ server, catalog }: HostCall): string {
  return catalog === undefined ? server : CATALOG
}

/** A stream is its principal's, whichever of its credentials a message comes with. */
function isOf({ host }: SSESession, other: HostCall): boolean {
  return host.principal === other.principal && faceOf(host) === faceOf(other)
}

/** No server's name has a space. */
function toKey(face: string, principal: string): string {
  return `${face} ${principal}`
}
