/**
 * The `subscriptions/listen` streams of modern clients, beside what serves them: when a server is
 * configured anew, its streams go on with what serves it then, and tell that its lists are others.
 */
import { toResult } from '#protocol/json-rpc.ts'
import type { ClientCall } from '../calls/client-call.ts'
import { encode } from '../connection.ts'
import type { HostContext } from '../host-context.ts'
import type { Server } from '../servers/servers.ts'
import { tagNotification, toListenResult } from '../translate/listen.ts'
import type { ListenFilter } from '../translate/listen-filter.ts'
import type { ListenServing, ModernServing } from './serving.ts'

interface Listening {
  name: string
  principal: string
  body: Uint8Array
  serving: ListenServing
}

const LISTS = ['tools', 'prompts', 'resources'] as const

export class ListenStreams {
  readonly #context: Pick<HostContext, 'servers' | 'isUp'>
  readonly #serve: (server: Server) => Promise<ListenServing>
  readonly #streams = new Map<ClientCall, Listening>()

  constructor(
    context: Pick<HostContext, 'servers' | 'isUp'>,
    serve: (server: Server) => Promise<ListenServing>,
  ) {
    this.#context = context
    this.#serve = serve
  }

  add(client: ClientCall, serving: ListenServing, body: Uint8Array): void {
    const { server: name, principal } = client.host
    this.#streams.set(client, { name, principal, body, serving })
  }

  /** Its stream is over. */
  delete(client: ClientCall): void {
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

  /** A notification of ours, on the streams of one server. */
  tell(server: string, method: string): void {
    const streams = [...this.#streams.values()].filter(({ name }) => name === server)
    for (const serving of new Set(streams.map(({ serving }) => serving))) serving.tell(method)
  }

  async #move(client: ClientCall, stream: Listening): Promise<void> {
    for (;;) {
      const server = this.#serverOf(stream)
      if (server === undefined) throw new TypeError('the server is no more')
      const next = await this.#serve(server)
      if (client.settled) return
      // It may have changed once more meanwhile.
      if (this.#serverOf(stream) !== server) continue
      stream.serving = next
      return next.join(client, stream.body)
    }
  }

  #serverOf({ name, principal }: Listening): Server | undefined {
    return this.#context.servers.peek(name, principal)
  }
}

/** The stream is over, and not by its client. */
export function tellEnd(client: ClientCall): void {
  client.answer(encode(toResult(client.id, toListenResult(client.id))), 'ok')
}

/** Tells the client of a stream that every list that it hears of is another one. */
export function tellLists(client: ClientCall, filter: ListenFilter): void {
  for (const list of LISTS) {
    if (filter[`${list}ListChanged`] !== true) continue
    const method = `notifications/${list}/list_changed`
    client.reply.event(tagNotification(encode({ jsonrpc: '2.0', method }), client.id))
  }
}
