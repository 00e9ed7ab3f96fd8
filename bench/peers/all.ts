/** All that is measured, in the order of the tables. */
import { bareObject, bareWorker } from './bare-worker.ts'
import { contextForge } from './contextforge.ts'
import { fastMCP } from './fastmcp.ts'
import { hearth, hearthCatalog, hearthWithPolicies } from './hearth.ts'
import { mcpProxy } from './mcp-proxy.ts'
import type { Peer } from './peer.ts'
import { rawStdio } from './raw-stdio.ts'
import { supergatewayStateful, supergatewayStateless } from './supergateway.ts'

const FLOORS = [rawStdio, bareWorker, bareObject]
const PIPES = [supergatewayStateful, supergatewayStateless, mcpProxy]
const GATEWAYS = [fastMCP, contextForge]

export const PEERS: readonly Peer[] = [
  ...FLOORS,
  ...PIPES,
  ...GATEWAYS,
  hearth,
  hearthWithPolicies,
  hearthCatalog,
]

/** A run goes on without it; without the rest its figures would say nothing. */
export function isOptional({ role }: Peer): boolean {
  return role === 'peer' || role === 'gateway' || role === 'former'
}
