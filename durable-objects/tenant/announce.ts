/**
 * Tells the tenant's server host of a new version of the configuration. Best effort: a server host
 * that was not told learns of it with the next call that carries the version.
 */
import { serverHostName } from '#protocol/tenant.ts'
import type { ServerHostMethods } from '#protocol/host-call.ts'

/** As this object calls server hosts; absent where nothing runs, as in a test of the tenant alone. */
export interface ServerHosts {
  getByName(name: string): Pick<ServerHostMethods, 'configChanged'>
}

export function announce(hosts: ServerHosts | undefined, tenant: string, version: number): void {
  hosts
    ?.getByName(serverHostName(tenant))
    .configChanged(version)
    .catch((error: unknown) => {
      console.error('a server host was not told of its configuration', error)
    })
}
