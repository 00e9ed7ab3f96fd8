/** How a client's call is made: the same for one of a session and for one that stands alone. */
import { GatewayError } from '#protocol/errors.ts'
import type { HostCall } from '#protocol/host-call.ts'
import type { RequestId } from '#protocol/json-rpc.ts'
import type { Ticker } from '../processes/ticker.ts'
import type { Credentials } from './credentials.ts'
import type { Unread } from './unread.ts'
import type { CallTransform } from './call-transform.ts'
import { ClientCall, type AnsweredCall, type ClientCallOptions } from './client-call.ts'
import type { EventStream } from './event-stream.ts'
import { OutletReply } from './outlet-reply.ts'
import { Reply, type AnsweringReply } from './reply.ts'
import { requireSlots } from './require-slots.ts'

/** A call as one of several servers gets it that may answer. */
export interface Attempt {
  host: HostCall
  body: Uint8Array
  reply: AnsweringReply
  timeoutMs: number
  onSettled: (processMs: number | undefined) => void
}

/** How a call differs from what its client sent. */
export interface CallShape {
  transform?: CallTransform | undefined
  /** The request before that changed it. */
  original?: Uint8Array | undefined
  /** Writes an answer's URIs as the catalog has them. */
  expose?: ClientCallOptions['expose']
  /** Where several servers may answer: its reply is not its own, and it writes no line. */
  attempt?: Attempt
  /** Longest without a sign of life, where that is not its server's. Milliseconds. */
  timeoutMs?: number
  /** See `ReplyOptions`. */
  headers?: Record<string, string>
}

export interface CallOpening {
  host: HostCall
  /** As it goes to its server. */
  body: Uint8Array
  /** `Infinity` for a stream that listens. */
  timeoutMs: number
  /** Longest in all. Absent: nothing extends `timeoutMs`. Milliseconds. */
  totalMs: number | undefined
  shape: CallShape
  openReply: () => AnsweringReply
  expose: ClientCallOptions['expose']
  screen: ClientCallOptions['screen']
  /** Its credential has ended: whoever has it in hand lets go of it. */
  onExpelled: (call: ClientCall) => void
  onSettled: (call: ClientCall) => void
}

/** As its client sent it. */
export const AS_SENT: CallShape = {}

interface Context extends Pick<ClientCallOptions, 'log'> {
  calls: Set<ClientCall>
  credentials: Credentials
}

/** Throws `too_many_calls`, `unauthorized`. The call is among those in flight until it is settled. */
export function openCall(context: Context, opening: CallOpening): AnsweredCall {
  const { host, timeoutMs, shape } = opening
  const { attempt } = shape
  const { calls, credentials, log } = context
  const id = requestId(host)
  requireSlots(host, calls)
  const letGo = credentials.hold(host, () => opening.onExpelled(call))
  const reply = attempt?.reply ?? opening.openReply()
  const call: ClientCall = new ClientCall({
    host,
    id,
    body: opening.body,
    reply,
    timeoutMs,
    totalMs: opening.totalMs,
    log: attempt === undefined ? log : undefined,
    transform: shape.transform,
    original: shape.original,
    expose: opening.expose,
    screen: opening.screen,
    onSettled: (_outcome, processMs) => {
      letGo()
      calls.delete(call)
      attempt?.onSettled(processMs)
      opening.onSettled(call)
    },
  })
  // A subscription never ends by itself, so a shutdown does not wait for it.
  if (timeoutMs !== Infinity) calls.add(call)
  return { call, response: reply.response }
}

/** What a request is answered with. */
export function openReply(
  { ticker, unread }: { ticker: Ticker; unread: Unread },
  host: HostCall,
  openStream: () => EventStream,
  headers?: Record<string, string>,
): AnsweringReply {
  const { principal, takes, outlet } = host
  const id = requestId(host)
  if (outlet !== undefined) return new OutletReply({ id, outlet, headers })
  return new Reply({ id, ticker, unread, principal, takes, openStream, headers })
}

function requestId({ envelope }: HostCall): RequestId {
  if (envelope?.kind !== 'request') throw new GatewayError('invalid_message')
  return envelope.id
}
