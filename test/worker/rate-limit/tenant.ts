/** A tenant with limits in a running worker, and calls of its one token. */
import type { RunningWorker } from '../start-worker.ts'
import { callTool } from '../requests.ts'
import { post, SESSION } from '../fake-deps.ts'
import type { LimitInput } from './claims.ts'

export interface LimitedTenant {
  call(isolate?: number): Promise<Response>
}

export async function createTenant(
  worker: RunningWorker,
  name: string,
  limits: LimitInput[],
): Promise<LimitedTenant> {
  const ask = async (method: string, path: string, body: unknown): Promise<unknown> => {
    const response = await worker.admin(method, `${name}/${path}`, body)
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
    return response.status === 204 ? undefined : response.json()
  }
  await ask('PUT', 'servers', { everything: { command: 'node' } })
  await ask('PUT', 'limits', { limits, shards: 1 })
  const { token } = (await ask('POST', 'tokens', { name: 'test' })) as { token: string }
  const headers = { Authorization: `Bearer ${token}`, 'Mcp-Session-Id': SESSION }
  return {
    call: (isolate = 0) =>
      fetch(new URL('/mcp/everything', worker.urls[isolate]), post(callTool, headers)),
  }
}
