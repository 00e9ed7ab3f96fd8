/** Modern clients of a modern server: one process, frames as they are but for ids and tokens. */
import { GatewayError } from '#protocol/errors.ts'
import { isObject } from '#protocol/json-rpc.ts'
import { LATEST_MODERN, META, REPEATABLE_METHODS } from '#protocol/mcp.ts'
import { findSpans, setValue, splice } from '#protocol/json-splice.ts'
import type { ClientCall } from '../client-call.ts'
import { decode } from '../connection.ts'
import type { HostContext } from '../host-context.ts'
import type { Server } from '../servers.ts'
import { SharedProcess } from '../shared-process.ts'
import type { ModernServing } from './serving.ts'
import { ToolCatalog } from './tool-catalog.ts'

/** HTTP statuses that the transport prescribes for a server's own errors (2026-07-28). */
const STATUS: Readonly<Record<number, number>> = {
  [-32601]: 404,
  [-32020]: 400,
  [-32021]: 400,
  [-32022]: 400,
}

export class ModernServer implements ModernServing {
  readonly process: SharedProcess
  readonly #running = new Map<ClientCall, { id: number; logs: boolean }>()
  readonly #tools = new ToolCatalog()
  readonly #listTools = (params: Record<string, unknown>) =>
    this.process.ask('tools/list', { ...params, _meta: OWN_META })

  constructor(context: HostContext, server: Server) {
    this.process = new SharedProcess(context, server, {
      handshake: () => Promise.resolve(),
      onNotification: (payload, method) => this.#unaddressed(payload, method),
    })
  }

  async call(client: ClientCall, body: Uint8Array): Promise<void> {
    const { envelope, progressToken } = client.host
    const method = envelope?.kind === 'request' ? envelope.method : ''
    if (method === 'tools/call') await this.#tools.checkHeaders(client.host, body, this.#listTools)
    if (client.settled) return
    const id = await this.process.request(
      {
        deadline: client.deadline,
        onResponse: (payload, meta) => {
          this.#running.delete(client)
          const answer = setValue(payload, ['id'], JSON.stringify(client.id))
          if (meta.failed === true) client.answer(answer, 'rpc_error', meta.ms, statusOf(answer))
          else client.answer(restoreSubscription(answer, method, client), 'ok', meta.ms)
        },
        onEvent: (payload, event) => client.reply.event(readdress(payload, event, client)),
        onLost: (error, undelivered = false) => {
          client.undelivered = undelivered
          this.#lose(client, method, body, error)
        },
      },
      (own) => rewrite(body, own, progressToken !== undefined),
    )
    if (client.settled) this.process.cancel(id, 'the client is gone')
    else this.track(client, id, client.host.logLevel !== undefined)
  }

  /** Notes a call of a legacy session, too: `logs` says whether it takes log messages. */
  track(client: ClientCall, id: number, logs: boolean): void {
    this.#running.set(client, { id, logs })
  }

  untrack(client: ClientCall): void {
    this.#running.delete(client)
  }

  abandon(client: ClientCall): void {
    const running = this.#running.get(client)
    this.#running.delete(client)
    if (running !== undefined) this.process.cancel(running.id, 'the client is gone')
    client.abandon()
  }

  close(): void {
    this.process.close()
  }

  #lose(client: ClientCall, method: string, body: Uint8Array, error: GatewayError): void {
    this.#running.delete(client)
    if (error.code !== 'server_exited' || client.repeated) return client.onLost(error)
    this.mayRepeat(client, method)
      .then((safe) => {
        if (!safe) return client.onLost(error)
        client.repeated = true
        return this.call(client, body)
      })
      .catch((failure: unknown) => client.onLost(GatewayError.from(failure)))
  }

  /** Whether a call that may have run can run once more; asks the server for its tools. */
  async mayRepeat(client: ClientCall, method: string): Promise<boolean> {
    if (client.undelivered) return true
    if (method !== 'tools/call') return REPEATABLE_METHODS.has(method)
    return this.#tools.isRepeatable(client.host, this.#listTools)
  }

  /** A log message belongs to a request that asked for logs; stdio does not say to which. */
  #unaddressed(payload: Uint8Array, method: string): void {
    if (method.endsWith('tools/list_changed')) this.#tools.forget()
    if (method !== 'notifications/message') return
    let newest: ClientCall | undefined
    for (const [client, { logs }] of this.#running) {
      if (logs) newest = client
    }
    newest?.reply.event(payload)
  }
}

const OWN_META = {
  [META.protocolVersion]: LATEST_MODERN,
  [META.clientInfo]: { name: 'hearth', version: '0.1.0' },
  [META.clientCapabilities]: {},
}

function rewrite(body: Uint8Array, id: number, hasToken: boolean): Uint8Array {
  const paths = [['id'], ...(hasToken ? [['params', '_meta', 'progressToken']] : [])]
  const text = JSON.stringify(id)
  return splice(
    body,
    findSpans(body, paths).flatMap((span) => (span === undefined ? [] : [{ span, text }])),
  )
}

const SUBSCRIPTION_PATH = ['params', '_meta', META.subscriptionId]

function readdress(payload: Uint8Array, event: string, { id, host }: ClientCall): Uint8Array {
  if (event === 'notifications/progress') {
    return setValue(payload, ['params', 'progressToken'], JSON.stringify(host.progressToken))
  }
  return setValue(payload, SUBSCRIPTION_PATH, JSON.stringify(id))
}

function restoreSubscription(payload: Uint8Array, method: string, { id }: ClientCall): Uint8Array {
  if (method !== 'subscriptions/listen') return payload
  return setValue(payload, ['result', '_meta', META.subscriptionId], JSON.stringify(id))
}

function statusOf(answer: Uint8Array): number {
  const { error } = decode(answer)
  const code = isObject(error) ? error.code : undefined
  return (typeof code === 'number' ? STATUS[code] : undefined) ?? 200
}
