/** Every policy that a warm call can meet, set up over the admin API, with room for all calls of a run. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const LIMIT = 1_000_000_000

/** One of each algorithm, and each of the levels. */
const LIMITS = [
  { name: 'tenant', per: 'tenant', algorithm: 'token-bucket', limit: LIMIT, windowMs: 60_000 },
  { name: 'caller', per: 'principal', algorithm: 'sliding-window', limit: LIMIT, windowMs: 60_000 },
  { name: 'tool', per: 'tool', algorithm: 'fixed-window', limit: LIMIT, windowMs: 60_000 },
  {
    name: 'monthly',
    per: 'principal',
    algorithm: 'quota',
    limit: LIMIT,
    period: 'month',
    costs: [{ tools: '*/echo', cost: 2 }],
  },
  { name: 'at-once', per: 'principal', algorithm: 'concurrency', limit: 10_000 },
]

/** Restricted to tools, so that names are looked at and lists are filtered. */
const GRANTS = {
  scopes: ['tools:call:echo/*', 'tools:call:everything/*'],
  deny: { tools: ['*/get-env'] },
}

/** Turns them on for the tenant `local`, and returns a token that they all apply to. */
export async function applyPolicies(origin: string, dataFolder: string): Promise<string> {
  const secrets = readFileSync(join(dataFolder, 'secrets.json'), 'utf8')
  const { adminToken } = JSON.parse(secrets) as { adminToken: string }
  const send = async (method: string, path: string, body: object): Promise<unknown> => {
    const response = await fetch(`${origin}/admin/tenants/local/${path}`, {
      method,
      headers: { Authorization: `Bearer ${adminToken}`, 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    })
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status}`)
    return response.json()
  }
  await send('PUT', 'limits', { limits: LIMITS, shards: 1 })
  const made = await send('POST', 'tokens', { name: 'bench', grants: GRANTS })
  return (made as { token: string }).token
}
