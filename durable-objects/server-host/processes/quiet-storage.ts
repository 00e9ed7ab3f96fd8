/**
 * An object's storage that can be told to keep nothing: while the disk is full, one write that fails would
 * reset the object with all its calls. What is read is what was kept before.
 */
import { GatewayError } from '#protocol/errors.ts'
import type { HostCall } from '#protocol/host-call.ts'

const WRITE = /^\s*(INSERT|UPDATE|DELETE|REPLACE)\b/i
const NOTHING = 'SELECT 1 WHERE 0'

export interface QuietStorage {
  readonly storage: DurableObjectStorage
  beQuiet(isQuiet: boolean): void
  /** For a call. Throws `storage_full` for one that is nothing if it is not kept. */
  prepare(host: HostCall): void
}

export function createQuietStorage(whole: DurableObjectStorage): QuietStorage {
  let isQuiet = false
  const exec: SqlStorage['exec'] = (query, ...values) =>
    isQuiet && WRITE.test(query) ? whole.sql.exec(NOTHING) : whole.sql.exec(query, ...values)
  const sql = replacing(whole.sql, { exec })
  const kv = replacing(whole.kv, {
    put: (key: string, value: unknown): void => {
      if (!isQuiet) whole.kv.put(key, value)
    },
    delete: (key: string): boolean => !isQuiet && whole.kv.delete(key),
  })
  return {
    storage: replacing(whole, { sql, kv }),
    beQuiet(quiet) {
      isQuiet = quiet
    },
    prepare(host) {
      isQuiet = host.keepsNothing === true
      if (isQuiet && mustBeKept(host)) throw new GatewayError('storage_full')
    },
  }
}

/** The same object, some of whose members are others. */
function replacing<T extends object>(target: T, members: Partial<T>): T {
  return new Proxy(target, {
    get(whole, name) {
      if (Object.hasOwn(members, name)) return Reflect.get(members, name)
      const member: unknown = Reflect.get(whole, name, whole)
      return typeof member === 'function' ? member.bind(whole) : member
    },
  })
}

/** The beginning of a session, and its end. */
function mustBeKept({ era, http, sessionId, sse, envelope }: HostCall): boolean {
  if (http === 'DELETE') return true
  if (sse !== undefined) return http === 'GET'
  return era === 'legacy' && sessionId === undefined && envelope?.kind === 'request'
}
