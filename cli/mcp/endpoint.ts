/** The MCP endpoint of a server, and a token for it: what a client of the gateway is configured with. */
import { z } from 'zod'
import { TOKEN } from '#protocol/tenant.ts'
import { chooseDestination, CLIENT_CREDENTIALS } from '../admin/destination.ts'
import type { DestinationOptions, Environment } from '../admin/destination.ts'
import { toPath } from '../admin/admin-api.ts'
import { locate, readSecret } from '../admin/gateway.ts'
import { LOCAL_TENANT } from '../data-folder.ts'
import { Failure } from '../failure.ts'

const ReadyReport = z.looseObject({ servers: z.array(z.looseObject({ name: z.string() })) })
/** For names in a message, which does without them. */
const LIST_MS = 5_000

export interface ServerEndpoint {
  url: URL
  /** Of the same tenant: which servers the token may see. */
  readyURL: URL
  token: string
  /** The token is the one that `hearth up` made for its own tenant. */
  isOwnToken: boolean
}

/** Throws `Failure` when there is no gateway, or no token for it. */
export async function findServerEndpoint(
  server: string,
  options: DestinationOptions,
  environment: Environment,
): Promise<ServerEndpoint> {
  const { gateway, credential, tenant } = chooseDestination(
    options,
    environment,
    CLIENT_CREDENTIALS,
  )
  const base = await locate(gateway)
  const token = credential ?? readOwnToken(gateway, tenant)
  // A token names its tenant; a JWT does not.
  const root = TOKEN.test(token) ? base : new URL(`${toPath('t', tenant)}/`, base)
  return {
    url: new URL(toPath('mcp', server), root),
    readyURL: new URL('ready', root),
    token,
    isOwnToken: credential === undefined,
  }
}

/** Names of servers, as far as the gateway tells them. Never rejects. */
export async function listServers({ readyURL, token }: ServerEndpoint): Promise<string[]> {
  try {
    const response = await fetch(readyURL, {
      headers: { Authorization: `Bearer ${token}` },
      redirect: 'manual',
      signal: AbortSignal.timeout(LIST_MS),
    })
    return ReadyReport.parse(await response.json()).servers.map(({ name }) => name)
  } catch {
    return []
  }
}

function readOwnToken(gateway: { url: URL } | { dataFolder: string }, tenant: string): string {
  if ('dataFolder' in gateway && tenant === LOCAL_TENANT) {
    return readSecret(gateway.dataFolder, 'token')
  }
  throw new Failure(
    `set HEARTH_TOKEN to a token of the tenant ${tenant}: hearth tokens create NAME --tenant ${tenant} makes one`,
  )
}
