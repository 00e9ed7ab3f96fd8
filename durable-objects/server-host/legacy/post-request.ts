/** A request of a legacy session on its way to what answers it. */
import type { HostContext } from '../host-context.ts'
import type { RoutedOptions } from '../routing/routing.ts'
import type { LegacySession } from './session.ts'
import { clientOf, createRoad } from './session-road.ts'

/** Throws, or rejects, before anything was sent, or resolves with the answer. */
export function postRequest(
  context: HostContext,
  session: LegacySession,
  options: Omit<RoutedOptions, 'begin'>,
): Promise<Response> {
  const { host, body } = options
  if (host.route?.candidates !== undefined) return postRouted(context, session, options)
  const asking = context.pins.require(host, body)
  // Without a wait before the call is the session's, where none is needed: it can be cancelled at any time.
  return asking === undefined
    ? send(context, session, options)
    : asking.then(() => send(context, session, options))
}

function send(
  { transforms }: Pick<HostContext, 'transforms'>,
  session: LegacySession,
  { host, body, timeoutMs }: Omit<RoutedOptions, 'begin'>,
): Promise<Response> {
  const pipeline = transforms.find(host)
  if (pipeline !== undefined) {
    return transforms.answer(pipeline, host, body, createRoad(session, timeoutMs))
  }
  const { call, response } = session.createCall(host, body, timeoutMs)
  session.run(call, body)
  return response
}

/** In a session of the catalog, one that several servers may answer: each of them is a leg of it. */
function postRouted(
  { routing, transforms, pins }: Pick<HostContext, 'routing' | 'transforms' | 'pins'>,
  session: LegacySession,
  options: Omit<RoutedOptions, 'begin'>,
): Promise<Response> {
  const reply = session.openReply(options.host)
  const { upstream } = session
  const routed = routing.open(
    {
      ...options,
      // Without a wait before the call is the session's: it can be cancelled at any time.
      begin: async (attempt) => {
        const { host, body, timeoutMs } = attempt
        const asking = pins.require(host, body)
        if (asking !== undefined) await asking
        const { request, transform } = transforms.prepare(host, body, clientOf(session.record))
        const { call } = session.createCall(host, request, timeoutMs, transform, attempt)
        if (transform !== undefined) call.original = body
        session.run(call, request)
        return {
          call,
          mayRepeat: () => upstream.mayRepeat?.(call) ?? Promise.resolve(false),
          abandon: () => upstream.cancel(call),
        }
      },
    },
    reply,
  )
  routed.run()
  return reply.response
}
