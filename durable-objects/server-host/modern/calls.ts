/** Modern requests: each stands alone (2026-07-28, basic/index.mdx, Statelessness). */
import { GatewayError } from '#protocol/errors.ts'
import type { HostCall } from '#protocol/host-call.ts'
import { ClientCall } from '../calls/client-call.ts'
import { unauthorized } from '../calls/credentials.ts'
import { EventStream } from '../calls/event-stream.ts'
import type { HostContext } from '../host-context.ts'
import { Reply } from '../calls/reply.ts'
import { requireSlots } from '../calls/require-slots.ts'
import type { Server } from '../servers/servers.ts'
import { importRequestStateKey } from '../translate/request-state.ts'
import { LegacyServer } from './legacy-server.ts'
import { ModernServer } from './modern-server.ts'
import type { ModernServing } from './serving.ts'

export class ModernCalls {
  readonly #context: HostContext
  /** By launch digest: a changed configuration is another server. */
  readonly #serving = new Map<string, ModernServing>()
  #key: Promise<CryptoKey> | undefined

  constructor(context: HostContext) {
    this.#context = context
  }

  async answer(host: HostCall, body: Uint8Array): Promise<Response> {
    const { envelope } = host
    if (envelope?.kind !== 'request') return new Response(null, { status: 202 })
    const { servers } = this.#context
    const { server: name, principal, configVersion } = host
    const server =
      servers.peek(name, principal) ?? (await servers.get(name, configVersion, principal))
    const serving = this.#serving.get(server.launch.digest) ?? (await this.#serve(server))
    const client = this.#createCall(host, server, body, serving)
    serving.call(client, body).catch((error: unknown) => client.onLost(GatewayError.from(error)))
    return client.reply.response
  }

  /** What serves modern clients of a server; also for legacy sessions on a modern server. */
  async #serve(server: Server): Promise<ModernServing> {
    const eras = await this.#context.eras.of(server)
    const { digest } = server.launch
    const known = this.#serving.get(digest)
    if (known !== undefined) return known
    const serving =
      eras.discover === undefined
        ? new LegacyServer(this.#context, server, eras, () => this.#requestStateKey())
        : new ModernServer(this.#context, server, () => this.#requestStateKey())
    this.#serving.set(digest, serving)
    return serving
  }

  async modernServer(server: Server): Promise<ModernServer> {
    const serving = await this.#serve(server)
    if (serving instanceof ModernServer) return serving
    throw new GatewayError('internal')
  }

  /** Ends what served servers that are configured no more. */
  prune(digests: ReadonlySet<string>): void {
    for (const [digest, serving] of this.#serving) {
      if (digests.has(digest)) continue
      this.#serving.delete(digest)
      serving.close()
    }
  }

  #createCall(
    host: HostCall,
    server: Server,
    body: Uint8Array,
    serving: ModernServing,
  ): ClientCall {
    const { envelope } = host
    if (envelope?.kind !== 'request') throw new GatewayError('invalid_message')
    const { ticker, keepAliveMs, credentials, calls, logs } = this.#context
    requireSlots(host, calls)
    const letGo = credentials.hold(host, () => {
      call.onLost(unauthorized())
      serving.abandon(call)
    })
    const onGone = (): void => serving.abandon(call)
    const reply = new Reply({
      id: envelope.id,
      ticker,
      openStream: () => new EventStream({ ticker, keepAliveMs, onGone }),
    })
    const listens = envelope.method === 'subscriptions/listen'
    const call: ClientCall = new ClientCall({
      host,
      id: envelope.id,
      body,
      reply,
      timeoutMs: listens ? Infinity : server.config.timeoutMs.call,
      logs,
      onSettled: () => {
        letGo()
        calls.delete(call)
      },
    })
    // A subscription never ends by itself, so a shutdown does not wait for it.
    if (!listens) calls.add(call)
    return call
  }

  #requestStateKey(): Promise<CryptoKey> {
    this.#key ??= importRequestStateKey(this.#context.store.key('request-state'))
    return this.#key
  }
}
