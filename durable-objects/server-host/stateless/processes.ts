/** The processes of a legacy server that serve modern calls, whichever they are. */
import type { Caller, Lease } from './lease.ts'

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
