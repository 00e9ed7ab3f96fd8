/** How a call is made that several servers may answer: at each of them as any other call. */
import type { HostCall } from '#protocol/host-call.ts'
import type { AnsweringReply } from '../call/reply.ts'
import type { Credentials } from '../call/credentials.ts'
import type { Attempt } from '../call/open-call.ts'
import type { Pins } from '../catalog/pins/pins.ts'
import type { Dispatcher } from '../call/dispatcher.ts'
import type { Transforms } from '../transform/transforms.ts'
import type { Running } from './routed-call.ts'
import type { Routing } from './routing.ts'

export interface RoutedRequest {
  host: HostCall
  body: Uint8Array
  /** Of the server that was named. Milliseconds. */
  timeoutMs: number
  /** `abandon`: its client is gone. */
  openReply: (abandon: () => void) => AnsweringReply
  /** How a call goes to one of the servers; a promise only where that has to be found out. */
  dispatcherOf: (host: HostCall, body: Uint8Array) => Dispatcher | Promise<Dispatcher>
}

interface Context {
  routing: Routing
  transforms: Transforms
  pins: Pins
  credentials: Credentials
}

export function answerRouted(context: Context, request: RoutedRequest): Promise<Response> {
  const { host, body, timeoutMs, openReply, dispatcherOf } = request
  const reply = openReply(() => routed.abandon())
  const begin = (attempt: Attempt): Promise<Running> => beginAt(context, attempt, dispatcherOf)
  const routed = context.routing.open({ host, body, timeoutMs, begin }, reply)
  routed.run()
  return reply.response
}

async function beginAt(
  { transforms, pins, credentials }: Context,
  attempt: Attempt,
  dispatcherOf: RoutedRequest['dispatcherOf'],
): Promise<Running> {
  const { host, body } = attempt
  const askedAt = Date.now()
  credentials.check(host, askedAt)
  // Without a wait before the call is a session's, where none is needed: it can be cancelled at any time.
  const asking = pins.require(host, body)
  if (asking !== undefined) await asking
  const found = dispatcherOf(host, body)
  const dispatcher = found instanceof Promise ? await found : found
  const timeoutMs = Math.max(1, attempt.timeoutMs - (Date.now() - askedAt))
  const { request, transform } = transforms.prepare(host, body, dispatcher)
  const original = transform && body
  const { call } = dispatcher.createCall(host, request, { transform, original, attempt, timeoutMs })
  dispatcher.run(call, request)
  return {
    call,
    mayRepeat: () => dispatcher.mayRepeat(call),
    abandon: () => dispatcher.abandon(call),
  }
}
