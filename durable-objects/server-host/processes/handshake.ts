/** How a new legacy process is brought to where a former one was, as far as the protocol knows it. */
import { GatewayError } from '#protocol/errors.ts'
import { BEGIN_ID } from './asked-ids.ts'
import type { Connection } from './connection.ts'
import type { ProcessContext } from './context.ts'
import { initializeFault } from '../translate/server-facts.ts'
import { startFailure } from './start-failure.ts'
import type { ServerFacts } from './servers.ts'

/** `initialized`: it serves, and may have been told more. */
export type Known = 'initialize' | 'initialized'

/** What a process is told, in this order. */
export interface Told {
  /** Params of `initialize`. */
  initialize: Record<string, unknown>
  logLevel?: string | undefined
  subscriptions: Iterable<string>
  /** How far it was told already, and has answered. */
  known?: Known
}

/** Throws what a start can fail with. */
export async function tell(
  { servers }: Pick<ProcessContext, 'servers'>,
  server: Pick<ServerFacts, 'name' | 'principal'>,
  connection: Connection,
  { initialize, logLevel: level, subscriptions, known }: Told,
  startMs: number,
): Promise<void> {
  try {
    if (known === undefined) await ask(connection, initialize, startMs)
  } catch (error) {
    throw startFailure(servers, server, error)
  }
  const launch = servers.launchOf(server)
  if (launch !== undefined) servers.reasons.end(launch)
  if (known !== 'initialized') connection.tell('notifications/initialized')
  // What the server refuses now it accepted before: its clients go on without it.
  if (level !== undefined) {
    await connection.ask('logging/setLevel', { level }, startMs).catch(() => undefined)
  }
  for (const uri of subscriptions) {
    await connection.ask('resources/subscribe', { uri }, startMs).catch(() => undefined)
  }
}

async function ask(
  connection: Connection,
  initialize: Record<string, unknown>,
  startMs: number,
): Promise<void> {
  const result = await connection.ask('initialize', initialize, startMs, BEGIN_ID)
  const detail = initializeFault(result, initialize.protocolVersion)
  if (detail !== undefined) {
    throw new GatewayError('server_start_failed', { detail, isBlameless: true })
  }
}
