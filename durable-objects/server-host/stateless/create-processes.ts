/** Which processes of a legacy server its modern calls run in: that is what `sharing` says. */
import type { HostContext } from '../host-context.ts'
import type { Server } from '../processes/servers.ts'
import { ClientProcesses } from './client-processes.ts'
import type { LeaseOwner } from './lease.ts'
import { LeasePool } from './lease-pool.ts'
import { OneProcess } from './one-process.ts'
import type { Processes } from './processes.ts'

export function createProcesses(
  context: HostContext,
  server: Server,
  owner: LeaseOwner,
): Processes {
  const { sharing } = server.config
  if (sharing === 'shared') return new OneProcess(context.shared.of(context, server), owner)
  if (sharing === 'pool') return new LeasePool(context, server, owner)
  return new ClientProcesses(context, server, owner)
}
