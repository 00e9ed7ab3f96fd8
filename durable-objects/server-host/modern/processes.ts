/** Which processes of a legacy server its modern calls run in: that is what `sharing` says. */
import type { HostContext } from '../host-context.ts'
import type { Server } from '../servers/servers.ts'
import { ClientProcesses } from './client-processes.ts'
import type { Caller, Lease, LeaseOwner } from './lease.ts'
import { LeasePool } from './lease-pool.ts'
import { OneProcess } from './one-process.ts'

/** `Date.now()`; it moves while the server is installed. */
export interface Until {
  readonly deadline: number
}

export interface Processes {
  /** Throws `server_busy` where there is no room by then, and what a start can fail with. */
  acquire: (caller: Caller, until: Until) => Promise<Lease>
  /** `isClean`: nothing of what needed it goes on there. */
  release: (lease: Lease, isClean: boolean) => void
  /** Its process is gone. */
  lose: (lease: Lease) => void
  /** Keeps none any more: what is lent is ended when it comes back. */
  close: () => void
}

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
