/** The event streams of one session: the one of GET, and those of calls, live or only in the log. */
import { GatewayError, toErrorObject } from '#protocol/errors.ts'
import type { HostCall } from '#protocol/host-call.ts'
import { encode } from '../processes/connection.ts'
import { filterOf } from '../call/client-call.ts'
import { callKeepAlive, EventStream } from '../call/event-stream.ts'
import type { HostContext } from '../host-context.ts'
import type { OpenStream, RequestName, WaitingFor } from '../call/stream-store.ts'
import type { SessionRecord } from '../store/session-store.ts'
import type { FormerCall } from '../call/call-transform.ts'
import { keepVisible } from '../call/visible-list.ts'
import { UnheardLists } from './unheard-lists.ts'

/** The stream of GET: messages that belong to no call. */
const STANDING = 0
/** The first revision with a priming event (2025-11-25, transports, Sending Messages). */
const PRIMING_SINCE = '2025-11-25'
/** Streams in memory, while some of them have ended. Those that have not belong to calls. */
const MAX_STREAMS = 64
const MAX_ID_CHARS = 1_024
const EVENT_ID = /^(\d{1,9})-(\d{1,9})$/

export class SessionStreams {
  readonly #context: HostContext
  readonly #record: SessionRecord
  readonly #streams = new Map<number, EventStream>()
  readonly #unheard: UnheardLists
  #next: number

  constructor(context: HostContext, record: SessionRecord) {
    this.#context = context
    this.#record = record
    const { streams } = context.store
    this.#unheard = new UnheardLists(() => streams.eventsAfter(record.id, STANDING, 0))
    this.#next = streams.last(record.id) + 1
  }

  get standing(): EventStream {
    return this.#streams.get(STANDING) ?? this.#open(STANDING, undefined)
  }

  /** Somebody hears what belongs to no call. */
  get isHeard(): boolean {
    return this.#streams.get(STANDING)?.attached === true
  }

  get someAttached(): boolean {
    return [...this.#streams.values()].some((stream) => stream.attached)
  }

  /**
   * A new stream for the answer to a request; a list is told filtered, and what its server's
   * transformers change transformed.
   */
  openFor(host: HostCall, transform: FormerCall | undefined): EventStream {
    const { envelope, requestId: call, server } = host
    if (envelope?.kind !== 'request') throw new GatewayError('invalid_message')
    const waiting = { id: envelope.id, call, server, filter: filterOf(host), transform }
    // A request of so long an id is not found again by a later object.
    const isKept = String(waiting.id).length <= MAX_ID_CHARS
    return this.#open(this.#next++, isKept ? waiting : undefined)
  }

  /** A message that belongs to no call, for whoever listens, or listens next. */
  say(payload: Uint8Array, method: string | undefined): void {
    this.#unheard.note(method, this.standing.push(payload))
  }

  noteAsked(method: string): void {
    this.#unheard.noteAsked(method)
  }

  /**
   * The stream that a client wants to hear: of the event that it saw last, with its place on it, or
   * without one that of GET. Throws `event_expired`.
   */
  find(lastEventId: string | undefined): { stream: EventStream; after: number | undefined } {
    if (lastEventId === undefined) return { stream: this.standing, after: undefined }
    const [, stream, seq] = EVENT_ID.exec(lastEventId) ?? []
    if (stream === undefined || seq === undefined) throw new GatewayError('event_expired')
    const found = { stream: this.#restore(Number(stream)), after: Number(seq) }
    if (Number(stream) === STANDING) this.#unheard.noteHeard(found.after)
    return found
  }

  /**
   * The answer to a request that a former object took, where its stream is in the log. `answeredBy`:
   * the server, where it may be another than the one that was asked first.
   */
  finishFormer(request: RequestName, payload: Uint8Array, answeredBy?: string): void {
    const open = this.#context.store.streams.openFor(this.#record.id, request)
    if (open !== undefined) this.#finish(open, payload, answeredBy)
  }

  #finish(open: OpenStream, payload: Uint8Array, answeredBy?: string): void {
    const { stream: number, filter } = open
    const stream = this.#restore(number)
    const shown = this.#transform({ ...open, ...(answeredBy && { server: answeredBy }) }, payload)
    stream.push(filter === undefined ? shown : keepVisible(shown, filter))
    stream.end()
    this.#streams.delete(number)
  }

  #transform({ id, server, transform: call }: OpenStream, payload: Uint8Array): Uint8Array {
    if (call === undefined) return payload
    const { principal, protocol, catalog } = this.#record
    const client = { principal, protocol, id, isCatalog: catalog !== undefined }
    return this.#context.transforms.former(server, call, client, payload)
  }

  /** Ends the streams of requests that no process will answer any more. */
  failFormer(isLive: (call: string) => boolean, error: GatewayError, server?: string): void {
    for (const open of this.#context.store.streams.allOpen(this.#record.id, server)) {
      if (open.call !== undefined && isLive(open.call)) continue
      this.#finish(open, encode({ jsonrpc: '2.0', id: open.id, error: toErrorObject(error) }))
    }
  }

  endAll(): void {
    for (const stream of this.#streams.values()) stream.end()
    this.#streams.clear()
  }

  #restore(number: number): EventStream {
    const live = this.#streams.get(number)
    if (live !== undefined) return live
    const known = this.#context.store.streams.find(this.#record.id, number)
    if (known === undefined && number !== STANDING) throw new GatewayError('event_expired')
    const stream = this.#open(number, undefined)
    if (known?.done === true) stream.end()
    return stream
  }

  /** `waiting`: what its answer is awaited for, of a new one. */
  #open(number: number, waiting: WaitingFor | undefined): EventStream {
    const { store, ticker, unread, keepAliveMs } = this.#context
    const { streams } = store
    const { id: session, principal } = this.#record
    streams.add(session, number, waiting)
    const stream = new EventStream({
      ...{ ticker, unread, principal },
      keepAliveMs: number === STANDING ? keepAliveMs : callKeepAlive(keepAliveMs),
      log: { store: streams, session, stream: number },
      primes: this.#record.protocol >= PRIMING_SINCE,
      ...(number === STANDING && { onAfresh: (delivered) => this.#tellAgain(delivered) }),
    })
    this.#streams.set(number, stream)
    if (this.#streams.size > MAX_STREAMS) this.#forgetOneEnded()
    return stream
  }

  #tellAgain(delivered: number): void {
    for (const { method, payload } of this.#unheard.upTo(delivered)) this.say(payload, method)
  }

  /** Its events stay in the log, from where it can be restored. */
  #forgetOneEnded(): void {
    for (const [number, stream] of this.#streams) {
      if (!stream.ended) continue
      this.#streams.delete(number)
      return
    }
  }
}
