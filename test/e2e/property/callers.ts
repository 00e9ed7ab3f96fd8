/** Who asks: every principal and client, in every way, on every kind of server. Pure. */

export const TENANTS = ['local', 'other'] as const
export type TenantName = (typeof TENANTS)[number]

/** How a server's processes are shared, or what it is: the name that it is configured under. */
export const SERVERS = ['own', 'shared', 'pool', 'personal', 'modern', 'remote'] as const
export type ServerName = (typeof SERVERS)[number]

const ROADS = ['legacy', 'modern', 'sse'] as const
export type Road = (typeof ROADS)[number]

export interface Principal {
  tenant: TenantName
  name: 'alice' | 'bob'
}

export interface Caller extends Principal {
  /** Unique, and what its stamps begin with. */
  key: string
  /** Tells the clients of one token apart. */
  client: number
  road: Road
  /** `catalog` is `/mcp`, with all of them. */
  endpoint: ServerName | 'catalog'
}

/** Two tenants; two tokens of one of them; two clients of one of these. */
const CLIENTS: (Principal & { client: number })[] = [
  { tenant: 'local', name: 'alice', client: 1 },
  { tenant: 'local', name: 'alice', client: 2 },
  { tenant: 'local', name: 'bob', client: 1 },
  { tenant: 'other', name: 'alice', client: 1 },
]

export const CALLERS: readonly Caller[] = CLIENTS.flatMap((client) =>
  ROADS.flatMap((road) =>
    [...SERVERS, 'catalog' as const].map((endpoint) => {
      const key = [client.tenant, `${client.name}${client.client}`, road, endpoint].join('-')
      return { ...client, key, road, endpoint }
    }),
  ),
)

const BY_KEY = new Map(CALLERS.map((caller) => [caller.key, caller]))

export function callerOf(key: string): Caller | undefined {
  return BY_KEY.get(key)
}

export function isSamePrincipal(one: Principal, other: Principal): boolean {
  return one.tenant === other.tenant && one.name === other.name
}

export function principalName({ tenant, name }: Principal): string {
  return `${tenant}-${name}`
}
