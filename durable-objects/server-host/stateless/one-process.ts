/** The process of a shared server, for clients without a session: the one that sessions use, too. */
import type { SharedServer, SharedUser } from '../processes/shared-server.ts'
import { Lease, type LeaseOwner } from './lease.ts'
import type { Processes } from './processes.ts'

export class OneProcess implements Processes {
  readonly #shared: SharedServer
  readonly #user: SharedUser
  readonly #lease: Lease

  constructor(shared: SharedServer, owner: LeaseOwner) {
    const isWanted = (uri: string): boolean => shared.isWanted(uri, user)
    const lease = new Lease(undefined, () => shared.process, isWanted)
    const user: SharedUser = {
      get subscriptions() {
        return lease.subscriptions
      },
      hear: (payload, method) => owner.onNotification(lease, payload, method),
      lose: (error) => owner.onOver(lease, error),
    }
    this.#shared = shared
    this.#user = user
    this.#lease = lease
    shared.join(user)
  }

  async acquire(): Promise<Lease> {
    return this.#lease
  }

  release(): void {}

  lose(): void {}

  close(): void {
    this.#shared.leave(this.#user)
  }
}
