/** A request of the gateway's own to a server, or on behalf of one of its clients, made as a modern client's: the same for both eras. */
import { GatewayError } from '#protocol/errors.ts'
import { isObject } from '#protocol/json-rpc.ts'
import { LATEST_MODERN, META } from '#protocol/mcp.ts'
import { IMPLEMENTATION } from '#protocol/version.ts'
import { ClientCall } from '../call/client-call.ts'
import type { CallReply } from '../call/reply.ts'
import { decode, encode } from '../processes/connection.ts'
import type { ModernServing } from '../call/serving.ts'

export interface InternalRequest {
  server: string
  /** On whose behalf: of a personal server's principal, or nobody's. */
  principal: string
  /** See `HostCall.client`. */
  client: string | undefined
  method: string
  params: Record<string, unknown>
  /** Canonical JSON of the client capabilities that the server is to answer for. */
  capabilities: string
  /** A process that is started for it ends soon after it. */
  isPassing?: boolean
  /** `Infinity` for a subscription. Milliseconds. */
  timeoutMs: number
  onEvent?: (payload: Uint8Array) => void
}

export interface Asked {
  /** The whole response. Rejects with what the gateway says, and with `list_failed` for what the server does. */
  response: Promise<Uint8Array>
  /** Gives it up. */
  abandon: () => void
}

/** Not logged, not counted by limits, and holding no credential. */
export function ask(serving: ModernServing, request: InternalRequest): Asked {
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>()
  promise.catch(() => undefined)
  const { server, principal, client, capabilities, method, params, timeoutMs, onEvent } = request
  const reply: CallReply = {
    answer: (payload) => {
      const failure = readFailure(payload)
      if (failure === undefined) resolve(payload)
      else reject(failure)
    },
    fail: reject,
    event: (payload) => onEvent?.(payload),
    abandon: () => reject(new GatewayError('call_cancelled')),
  }
  const body = encode({
    jsonrpc: '2.0',
    id: 1,
    method,
    params: {
      ...params,
      _meta: {
        [META.protocolVersion]: LATEST_MODERN,
        [META.clientInfo]: IMPLEMENTATION,
        [META.clientCapabilities]: JSON.parse(capabilities) as unknown,
      },
    },
  })
  const call = new ClientCall({
    host: {
      requestId: '',
      receivedAt: Date.now(),
      tenant: '',
      principal,
      credential: '',
      server,
      configVersion: -1,
      era: 'modern',
      http: 'POST',
      envelope: { kind: 'request', id: 1, method },
      protocolVersion: LATEST_MODERN,
      ...(client !== undefined && { client }),
      capabilities,
      ...(request.isPassing === true && { isPassing: true }),
    },
    id: 1,
    body,
    reply,
    timeoutMs,
    log: undefined,
    onSettled: () => undefined,
  })
  serving.call(call, body).catch((error: unknown) => call.onLost(GatewayError.from(error)))
  return { response: promise, abandon: () => serving.abandon(call) }
}

function readFailure(payload: Uint8Array): GatewayError | undefined {
  const { error } = decode(payload)
  if (!isObject(error)) return undefined
  // Its message may quote a secret of the server's.
  const { code } = error
  return new GatewayError('list_failed', {
    detail: `error ${String(code)}`,
    ...(typeof code === 'number' && { data: { rpc: code } }),
  })
}

/** A server that does not know a list has none. Throws any other error. */
export function orNothing(error: unknown): undefined {
  if (!GatewayError.is(error) || error.data?.rpc !== METHOD_NOT_FOUND) throw error
}

const METHOD_NOT_FOUND = -32601
