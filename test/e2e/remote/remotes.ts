/** Real remote servers, each a process of its own, with the tools of the everything server. */
import { fileURLToPath } from 'node:url'
import { resolveBin } from '#test/e2e/clients/bins.ts'
import { startChildServer, type ChildServer } from '#test/support/child-server.ts'
import type { GatewayOptions } from '#test/support/gateway.ts'

const EVERYTHING = resolveBin('@modelcontextprotocol/server-everything', 'mcp-server-everything')
const fixture = (name: string): string => {
  return fileURLToPath(new URL(`../../fixtures/remote/${name}`, import.meta.url))
}

export const REMOTE_NAMES = ['http', 'sse', 'websocket', 'modern', 'dual'] as const
export type RemoteName = (typeof REMOTE_NAMES)[number]

const STARTS: Record<RemoteName, () => Promise<ChildServer>> = {
  http: () => startChildServer([EVERYTHING, 'streamableHttp'], 'listening'),
  sse: () => startChildServer([EVERYTHING, 'sse'], 'running'),
  websocket: () => startChildServer([fixture('websocket.mjs'), EVERYTHING, 'stdio'], 'listening'),
  modern: () => startChildServer([fixture('modern-http.ts')], 'listening'),
  dual: () => startChildServer([fixture('modern-http.ts')], 'listening', { LEGACY: 'stateless' }),
}

export interface Remotes {
  children: Record<RemoteName, ChildServer>
  /** As a gateway is configured with them. */
  servers: GatewayOptions['servers']
  stop(): Promise<void>
}

export async function startRemotes(): Promise<Remotes> {
  const started = await Promise.all(
    REMOTE_NAMES.map(async (name) => [name, await STARTS[name]()] as const),
  )
  const children = Object.fromEntries(started) as Record<RemoteName, ChildServer>
  const at = (name: RemoteName, scheme = 'http') => `${scheme}://127.0.0.1:${children[name].port}`
  const allowPrivate = true
  return {
    children,
    servers: {
      http: { url: `${at('http')}/mcp`, allowPrivate },
      sse: { url: `${at('sse')}/sse`, transport: 'sse', allowPrivate },
      websocket: { url: `${at('websocket', 'ws')}/mcp`, transport: 'websocket', allowPrivate },
      modern: { url: `${at('modern')}/mcp`, allowPrivate },
      dual: { url: `${at('dual')}/mcp`, allowPrivate },
    },
    stop: async () => void (await Promise.all(Object.values(children).map((one) => one.kill()))),
  }
}
