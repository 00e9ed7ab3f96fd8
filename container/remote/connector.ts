/**
 * Opens sockets to remote servers. What is refused is the address that would be connected to, not the
 * name: a name that leads elsewhere on its second look-up leads nowhere.
 */
import { lookup as systemLookup } from 'node:dns'
import type { LookupAddress } from 'node:dns'
import type { LookupFunction } from 'node:net'
import { buildConnector } from 'undici'
import { classifyAddress } from '#protocol/remote/ssrf.ts'

const CONNECT_TIMEOUT_MS = 10_000

/** Connecting would leave the public internet, and the server's configuration does not allow it. */
export class ForbiddenAddress extends Error {
  override readonly name = 'ForbiddenAddress'
}

/** All addresses of a name. */
export type Resolve = (
  hostname: string,
  options: { all: true; family?: number; hints?: number },
  callback: (error: Error | null, addresses: LookupAddress[]) => void,
) => void

export interface ConnectorOptions {
  allowPrivate: boolean
  allowH2: boolean
  /** Default: the system's. */
  resolve?: Resolve | undefined
}

export function createConnector(options: ConnectorOptions): buildConnector.connector {
  const { allowPrivate, allowH2, resolve } = options
  const connect = buildConnector({
    allowH2,
    timeout: CONNECT_TIMEOUT_MS,
    ...toConnectOptions(allowPrivate, resolve),
  })
  return (target, callback) => {
    const fault = findAddressFault(target.hostname, allowPrivate)
    if (fault === undefined) return connect(target, callback)
    queueMicrotask(() => callback(fault, null))
  }
}

/** For a host that is an address, which nobody looks up. */
export function findAddressFault(
  host: string,
  allowPrivate: boolean,
): ForbiddenAddress | undefined {
  if (allowPrivate || classifyAddress(host) !== 'private') return undefined
  return new ForbiddenAddress('its address is not on the public internet')
}

/** What `net.connect` is given beside the target. */
export function toConnectOptions(
  allowPrivate: boolean,
  resolve: Resolve = systemLookup,
): { lookup: LookupFunction } {
  return { lookup: allowPrivate ? toLookup(resolve, () => true) : toLookup(resolve, isPublic) }
}

function toLookup(resolve: Resolve, isAllowed: (address: string) => boolean): LookupFunction {
  return (hostname, { all, family, hints }, callback) => {
    const options = {
      all: true as const,
      ...(typeof family === 'number' && { family }),
      ...(hints !== undefined && { hints }),
    }
    resolve(hostname, options, (error, addresses) => {
      if (error !== null) return callback(error, '', 0)
      const allowed = addresses.filter(({ address }) => isAllowed(address))
      const first = allowed[0]
      if (first === undefined) {
        return callback(new ForbiddenAddress('its name leads off the public internet'), '', 0)
      }
      if (all === true) return callback(null, allowed)
      callback(null, first.address, first.family)
    })
  }
}

function isPublic(address: string): boolean {
  return classifyAddress(address) === 'public'
}
