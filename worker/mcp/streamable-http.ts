/** Streamable HTTP, the transport of `/mcp` and `/mcp/{server}`, in both eras. */
import { GatewayError } from '#protocol/errors.ts'
import { eraOf } from '#protocol/mcp.ts'
import type { IncomingMessage } from '../context.ts'
import { reject, requireCall, type Classification } from './classification.ts'
import { classifyBodyless } from './classify-legacy.ts'
import { classifyPost } from './classify.ts'
import { acceptsEventStream } from './media-type.ts'
import type { Transport } from './transport.ts'

const DISCOVER = 'server/discover'
const LISTEN = 'subscriptions/listen'

export const streamableHTTP: Transport = {
  requireMethod({ method }) {
    if (method === 'POST' || method === 'GET' || method === 'DELETE') return method
    throw new GatewayError('method_not_allowed')
  },
  takesBatches: true,
  classify(c, message, record) {
    const call = requireCall(message, classify(c.req.raw.headers, message), record)
    const { facts } = call
    const takes = message.post?.takes ?? 'both'
    if (takes !== 'both') facts.takes = requireTaken(takes, record.method)
    if (record.method === DISCOVER && isModernOnly(c.req.query('protocol'))) {
      facts.isModernOnly = true
    }
    return call
  },
}

function classify(headers: Headers, { http, post }: IncomingMessage): Classification {
  if (post !== undefined) return classifyPost(headers, post.envelope, post.body.value)
  if (http === 'GET' && !acceptsEventStream(headers.get('Accept'))) {
    return reject('not_acceptable', 'a GET takes text/event-stream')
  }
  return classifyBodyless(headers)
}

/** A subscription is a stream. */
function requireTaken(takes: 'json' | 'events', method: string | undefined): 'json' | 'events' {
  if (takes === 'events' || method !== LISTEN) return takes
  throw new GatewayError('not_acceptable', { detail: `${LISTEN} is answered by text/event-stream` })
}

/** For clients that would give up where older revisions alone are announced. */
function isModernOnly(protocol: string | undefined): boolean {
  return protocol !== undefined && eraOf(protocol) === 'modern'
}
