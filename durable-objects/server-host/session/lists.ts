/** What the client of a session with one server sees of its lists: as it was answered last, or as is known of the server. */
import type { Grants } from '#protocol/scopes.ts'
import type { HostCall } from '#protocol/host-call.ts'
import { isObject } from '#protocol/json-rpc.ts'
import { readPage } from '../catalog/entries.ts'
import { changedKinds, listKindOf } from '../translate/list-kinds.ts'
import type {
  LoneAudience,
  LoneListener,
  LoneListening,
} from '../catalog/single-server-listeners.ts'
import type { ClientCall } from '../call/client-call.ts'
import { decode, encode } from '../processes/connection.ts'
import type { HostContext } from '../host-context.ts'
import type { SessionRecord } from '../store/session-store.ts'
import { readCapabilities } from './session-capabilities.ts'
import type { SessionStreams } from './streams.ts'

export class SessionLists implements LoneListener {
  readonly #record: SessionRecord
  readonly #streams: Pick<SessionStreams, 'isHeard'>
  readonly #say: (payload: Uint8Array, method: string) => void
  #listening: LoneListening | undefined
  #grants: Grants | undefined
  #capabilities: string | undefined

  /** `say`: puts a notification on the session's GET stream. */
  constructor(
    record: SessionRecord,
    streams: Pick<SessionStreams, 'isHeard'>,
    say: (payload: Uint8Array, method: string) => void,
  ) {
    this.#record = record
    this.#streams = streams
    this.#say = say
  }

  get server(): string {
    return this.#record.server
  }

  get principal(): string {
    return this.#record.principal
  }

  get isOpen(): boolean {
    return this.#streams.isHeard
  }

  get audience(): LoneAudience | undefined {
    const { server, access } = this.#record
    const grants = access === undefined ? undefined : this.#grants
    if (access !== undefined && grants === undefined) return undefined
    const capabilities = (this.#capabilities ??= readCapabilities(this.#record.initialize))
    return { server, principal: this.principal, capabilities, ...(grants && { grants }) }
  }

  /** Returns how to stop. */
  listen({ catalog }: Pick<HostContext, 'catalog'>): () => void {
    this.#listening = catalog.listenAlone(this)
    return this.#listening.stop
  }

  tell(methods: ReadonlySet<string>): void {
    for (const method of methods) this.#say(encode({ jsonrpc: '2.0', method }), method)
  }

  noteGrants({ grants }: HostCall): void {
    if (grants === undefined || JSON.stringify(grants) === JSON.stringify(this.#grants)) return
    this.#grants = grants
    this.#listening?.look()
  }

  /** Reads the answer to a list request as its client gets it, and returns it. Absent for any other request. */
  reader({ envelope }: HostCall, body: Uint8Array): ClientCall['expose'] {
    const kind = envelope?.kind === 'request' ? listKindOf(envelope.method) : undefined
    if (kind === undefined || this.#listening === undefined) return undefined
    const { params } = decode(body)
    const isFirst = !isObject(params) || params.cursor === undefined
    return (payload) => {
      const { entries, nextCursor, fault } = readPage(payload, kind)
      if (fault !== undefined) return payload
      const isWhole = isFirst && nextCursor === undefined
      const seen = entries.map(({ text }) => ({ server: this.server, text }))
      this.#listening?.noteShown(kind, isWhole ? seen : undefined)
      return payload
    }
  }

  /** The session's own process says so: what is known of the server may not be what this one lists. */
  hear(method: string | undefined): void {
    for (const kind of method === undefined ? [] : changedKinds(method)) {
      this.#listening?.doubt(kind)
    }
  }
}
