/**
 * The `subscriptions/listen` streams of modern clients, beside what serves them: when a server is
 * configured anew, its streams go on with what serves it then. What of its lists is another now, and a
 * stream asked for, `Catalog` tells.
 */
import { toResult } from '#protocol/json-rpc.ts'
import type { ClientCall } from '../call/client-call.ts'
import { changedKinds, LIST_KINDS, LISTS, type ListKind } from '../translate/list-kinds.ts'
import type { LoneListening } from '../catalog/single-server-listeners.ts'
import { decode, encode } from '../processes/connection.ts'
import type { HostContext } from '../host-context.ts'
import type { Server } from '../processes/servers.ts'
import { toListenResult } from '../translate/listen.ts'
import { filterAccepts, readListenFilter } from '../translate/listen-filter.ts'
import type { ListenServing, ModernServing } from '../call/serving.ts'

interface Listening {
  name: string
  principal: string
  body: Uint8Array
  serving: ListenServing
  lists: LoneListening
  /** While it goes from one to another: what it is to be told then. */
  waiting: Set<string> | undefined
}

type Context = Pick<HostContext, 'servers' | 'isUp' | 'catalog'>

export class ListenStreams {
  readonly #context: Context
  readonly #serve: (server: Server) => Promise<ListenServing>
  readonly #streams = new Map<ClientCall, Listening>()

  constructor(context: Context, serve: (server: Server) => Promise<ListenServing>) {
    this.#context = context
    this.#serve = serve
  }

  add(client: ClientCall, serving: ListenServing, body: Uint8Array): void {
    const { server: name, principal, capabilities = '{}', grants } = client.host
    const { catalog } = this.#context
    const audience = { server: name, principal, capabilities, ...(grants && { grants }) }
    const lists = catalog.listenAlone({
      ...{ server: name, principal, isOpen: true, audience },
      tell: (methods) => this.#tell(client, methods),
    })
    catalog.watchAlone(audience, wantedKinds(body)).then(lists.look, () => undefined)
    this.#streams.set(client, { name, principal, body, serving, lists, waiting: undefined })
    // What is known of the server may not be what its own process lists since then.
    client.onHeard = (method) => {
      for (const kind of changedKinds(method)) lists.doubt(kind)
    }
  }

  /** Its stream is over. */
  delete(client: ClientCall): void {
    this.#streams.get(client)?.lists.stop()
    this.#streams.delete(client)
  }

  /** What serves a stream now. */
  servingOf(client: ClientCall): ModernServing | undefined {
    return this.#streams.get(client)?.serving
  }

  /**
   * Takes the streams of what is about to be closed to what serves their server now. Those whose
   * server is no more, or could only be started, stay, and end with it.
   */
  moveFrom(former: ModernServing): void {
    for (const [client, stream] of this.#streams) {
      if (stream.serving !== former || this.#serverOf(stream) === undefined) continue
      if (!this.#context.isUp(stream.name)) continue
      stream.serving.release(client)
      // A client that listens anew is told why it cannot.
      this.#move(client, stream).catch(() => tellEnd(client))
    }
  }

  #tell(client: ClientCall, methods: ReadonlySet<string>): void {
    const stream = this.#streams.get(client)
    for (const method of methods) {
      if (stream?.waiting !== undefined) stream.waiting.add(method)
      else stream?.serving.tell(client, method)
    }
  }

  async #move(client: ClientCall, stream: Listening): Promise<void> {
    const waiting = new Set(stream.waiting)
    stream.waiting = waiting
    for (;;) {
      const server = this.#serverOf(stream)
      if (server === undefined) throw new TypeError('the server is no more')
      const next = await this.#serve(server)
      if (client.settled) return
      // It may have changed once more meanwhile.
      if (this.#serverOf(stream) !== server) continue
      stream.serving = next
      await next.join(client, stream.body)
      if (stream.waiting !== waiting) return
      stream.waiting = undefined
      return this.#tell(client, waiting)
    }
  }

  #serverOf({ name, principal }: Listening): Server | undefined {
    return this.#context.servers.peek(name, principal)
  }
}

function wantedKinds(body: Uint8Array): ListKind[] {
  const asked = readListenFilter(decode(body).params)
  if (!asked.ok) return []
  return LIST_KINDS.filter((kind) => filterAccepts(asked.filter, LISTS[kind].changed))
}

/** The stream is over, and not by its client. */
export function tellEnd(client: ClientCall): void {
  client.answer(encode(toResult(client.id, toListenResult(client.id))), 'ok')
}
