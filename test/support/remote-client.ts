/** The engine for remote servers over Node's own `fetch`, and what it hears. */
import type { GatewayError } from '#protocol/errors.ts'
import type { MessageMeta } from '#protocol/link.ts'
import { connectRemote } from '#protocol/remote/connect.ts'
import type { RemoteConnection, RemoteOptions } from '#protocol/remote/remote.ts'
import { within } from './event-reader.ts'

export interface Message {
  id?: number | string
  method?: string
  params?: Record<string, unknown>
  result?: Record<string, unknown>
  error?: { code: number; message: string }
}

/** One thing that the listener was told. */
export type Heard =
  | { what: 'message'; message: Message; meta: MessageMeta; text: string }
  | { what: 'oversize' | 'undelivered'; id: number | string | undefined }
  | { what: 'failed'; id: number | string; error: GatewayError }
  | { what: 'over'; error: GatewayError }

export interface RemoteClient {
  connection: RemoteConnection
  heard: Heard[]
  send(message: object): void
  /** The first thing of all that were told, and will be, that fits. */
  next(fits: (heard: Heard) => boolean): Promise<Heard>
  answerTo(id: number | string): Promise<Message>
}

export function connectTo(url: string, options: Partial<RemoteOptions> = {}): RemoteClient {
  const heard: Heard[] = []
  const waiting = new Set<() => void>()
  const tell = (one: Heard): void => {
    heard.push(one)
    for (const wake of waiting) wake()
  }
  const connection = connectRemote({
    ...{ url, headers: {}, transport: 'http', allowPrivate: true, maxMessageBytes: 1_000_000 },
    fetch: (target, request) => fetch(target, { ...request, redirect: 'manual' }),
    connectWebSocket: () => Promise.reject(new Error('no WebSocket here')),
    ...options,
    listener: {
      onMessage: (payload, meta) => {
        const text = new TextDecoder().decode(payload)
        tell({ what: 'message', message: JSON.parse(text) as Message, meta, text })
      },
      onOversize: ({ id }) => tell({ what: 'oversize', id }),
      onUndelivered: ({ id }) => tell({ what: 'undelivered', id }),
      onFailed: (id, error) => tell({ what: 'failed', id, error }),
      onOver: (error) => tell({ what: 'over', error }),
    },
  })
  const next = async (fits: (one: Heard) => boolean): Promise<Heard> => {
    const { promise, resolve } = Promise.withResolvers<Heard>()
    const look = (): void => {
      const found = heard.find(fits)
      if (found !== undefined) resolve(found)
    }
    waiting.add(look)
    look()
    return within(promise, 5_000).finally(() => waiting.delete(look))
  }
  return {
    connection,
    heard,
    next,
    send: (message) => {
      connection.send(new TextEncoder().encode(JSON.stringify({ jsonrpc: '2.0', ...message })))
    },
    answerTo: async (id) => {
      const one = await next(
        (is) => is.what === 'message' && is.message.id === id && !is.message.method,
      )
      return one.what === 'message' ? one.message : {}
    },
  }
}
