/** A legacy session of the v1 SDK client, with the means to wait for what the server sends. */
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { ClientCapabilities } from '@modelcontextprotocol/sdk/types.js'
import { bearer } from './client.ts'
import type { Target } from './client.ts'

const NOTIFICATION_TIMEOUT_MS = 10_000

type NotificationSchema = Parameters<Client['setNotificationHandler']>[0]
type Received<S> = S extends { _output: infer Output } ? Output : never

export interface Session {
  client: Client
  /** Resolves when the GET stream is open. */
  listening: Promise<void>
  sessionId(): string | undefined
  /** The next notification of this kind; rejects when none comes in time. */
  next<S extends NotificationSchema>(schema: S): Promise<Received<S>>
  close(): Promise<void>
}

/** With a session id the client goes on with that session and sends no `initialize`. */
export async function connectSession(
  target: Target,
  capabilities: ClientCapabilities,
  sessionId?: string,
): Promise<Session> {
  const { promise: listening, resolve } = Promise.withResolvers<void>()
  const transport = new StreamableHTTPClientTransport(new URL(target.url), {
    requestInit: { headers: bearer(target) },
    ...(sessionId === undefined ? {} : { sessionId }),
    async fetch(url, init) {
      const response = await fetch(url, init)
      if (init?.method === 'GET' && response.ok) resolve()
      return response
    },
  })
  const client = new Client({ name: 'e2e-features', version: '1.0.0' }, { capabilities })
  // The SDK's own class does not meet its interface under exactOptionalPropertyTypes.
  await client.connect(transport as Parameters<Client['connect']>[0])
  return {
    client,
    listening,
    sessionId: () => transport.sessionId,
    next: (schema) => nextNotification(client, schema),
    close: () => client.close(),
  }
}

function nextNotification<S extends NotificationSchema>(
  client: Client,
  schema: S,
): Promise<Received<S>> {
  const { promise, resolve, reject } = Promise.withResolvers<Received<S>>()
  const late = () => reject(new Error(`No notification within ${NOTIFICATION_TIMEOUT_MS} ms`))
  const deadline = setTimeout(late, NOTIFICATION_TIMEOUT_MS)
  client.setNotificationHandler(schema, (notification) => {
    clearTimeout(deadline)
    resolve(notification as Received<S>)
  })
  return promise
}
