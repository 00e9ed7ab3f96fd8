/** How the calls of a modern client go to what serves a server. */
import { CATALOG } from '#protocol/catalog.ts'
import type { HostCall } from '#protocol/host-call.ts'
import { findSpans, readValue } from '#protocol/json-splice.ts'
import { LATEST_MODERN, META } from '#protocol/mcp.ts'
import type { AnsweredCall, ClientCall } from '../call/client-call.ts'
import { unauthorized } from '../call/credentials.ts'
import { callKeepAlive, EventStream } from '../call/event-stream.ts'
import { AS_SENT, openCall, openReply } from '../call/open-call.ts'
import type { AnsweringReply } from '../call/reply.ts'
import { exposeAnswer } from '../catalog/expose-answer.ts'
import type { HostContext } from '../host-context.ts'
import type { Work } from '../guard/attempt.ts'
import type { Dispatcher } from '../call/dispatcher.ts'
import { tellEnd, type ListenStreams } from '../subscriptions/streams.ts'
import { isListenServing, type ModernServing } from '../call/serving.ts'

export const LISTEN = 'subscriptions/listen'

export interface ServingDispatcherOptions {
  host: HostCall
  /** As its client sent it. */
  body: Uint8Array
  serving: ModernServing
  /** Longest that a call may take, where its route says nothing. Milliseconds. */
  timeoutMs: number
  streams: ListenStreams
}

export class ServingDispatcher implements Dispatcher, Work {
  readonly #context: HostContext
  readonly #options: ServingDispatcherOptions

  constructor(context: HostContext, options: ServingDispatcherOptions) {
    this.#context = context
    this.#options = options
  }

  get protocol(): string {
    return this.#options.host.protocolVersion ?? LATEST_MODERN
  }

  clientInfo(): unknown {
    const { body } = this.#options
    const [info] = findSpans(body, [['params', '_meta', META.clientInfo]])
    return info && readValue(body, info)
  }

  timeoutOf({ route }: HostCall): number {
    return Math.min(this.#options.timeoutMs, route?.timeoutMs ?? Infinity)
  }

  createCall(host: HostCall, request: Uint8Array, shape = AS_SENT): AnsweredCall {
    const { pins, servers, idleStreams } = this.#context
    const { serving, streams } = this.#options
    const { capabilities = '{}', principal, server } = host
    const listens = isListening(host)
    let letGo = (): void => undefined
    const opened = openCall(this.#context, {
      host,
      body: request,
      shape,
      timeoutMs: listens ? Infinity : (shape.timeoutMs ?? this.timeoutOf(host)),
      totalMs: servers.factsOf(server, principal)?.config.timeoutMs.total,
      openReply: () => openModernReply(this.#context, host, () => this.abandon(call)),
      expose: shape.expose ?? this.#exposeOf(host),
      screen: pins.screens(host) ? pins.screenOf(host, { capabilities, principal }) : undefined,
      onExpelled: () => {
        const serves = this.#servingOf(call)
        call.onLost(unauthorized())
        serves.abandon(call)
      },
      onSettled: () => {
        letGo()
        streams.delete(call)
      },
    })
    const { call } = opened
    if (!listens) return opened
    // Not by its client: that is told, and listens again when it wants to.
    letGo = idleStreams.add(() => {
      tellEnd(call)
      this.abandon(call)
    })
    if (isListenServing(serving)) streams.add(call, serving, request)
    return opened
  }

  run(call: ClientCall, request: Uint8Array): void {
    this.#context.guards.run(call, request, this)
  }

  call(call: ClientCall, request: Uint8Array): Promise<void> {
    return this.#options.serving.call(call, request)
  }

  cancel(call: ClientCall): void {
    this.abandon(call)
  }

  abandon(call: ClientCall): void {
    this.#servingOf(call).abandon(call)
  }

  mayRepeat(call: ClientCall): Promise<boolean> {
    return this.#options.serving.mayRepeat?.(call) ?? Promise.resolve(false)
  }

  /** A stream may be with another one by now. */
  #servingOf(call: ClientCall): ModernServing {
    return this.#options.streams.servingOf(call) ?? this.#options.serving
  }

  #exposeOf({ server, principal, catalog }: HostCall): ClientCall['expose'] {
    if (catalog === undefined || server === CATALOG) return undefined
    const expose = (uri: string): string => this.#context.catalog.exposeURI(server, uri, principal)
    return (payload) => exposeAnswer(payload, expose)
  }
}

/** What listens holds no process that another call could have. */
export function openModernReply(
  context: HostContext,
  host: HostCall,
  onGone: () => void,
): AnsweringReply {
  const { ticker, unread, keepAliveMs: longest } = context
  const { principal } = host
  const keepAliveMs = isListening(host) ? longest : callKeepAlive(longest)
  const openStream = () => new EventStream({ ticker, unread, principal, keepAliveMs, onGone })
  return openReply(context, host, openStream)
}

function isListening({ envelope }: HostCall): boolean {
  return envelope?.kind === 'request' && envelope.method === LISTEN
}
