/** A step as the request that its caller sends. Pure. */
import type { Caller, ServerName } from './callers.ts'
import type { Kind, Step } from './plan.ts'
import { writeStamp, type Stamp } from './stamps.ts'

export interface Request {
  method: string
  params: Record<string, unknown> & { _meta: Record<string, unknown> }
}

/** Of `timeoutMs.call`; see `world.ts`. */
export const CALL_MS = 20_000

/** What the server emits before its answer, and after it. */
const EMITS: Partial<Record<Kind, { before?: string[]; after?: string[] }>> = {
  progress: { before: ['progress', 'progress'] },
  log: { before: ['log'] },
  late: { after: ['log', 'progress', 'question'] },
  cancel: { before: ['progress'], after: ['log', 'progress', 'question'] },
  timeout: { after: ['log', 'progress', 'question'] },
  resume: { before: ['progress', 'progress'] },
  update: { before: ['update'] },
  change: { before: ['change'] },
}
/** Longer than it takes a client to lose its connection. */
const RESUMED_MS = 50
/** Longer than it takes a client to give a call up; the next one frees it. */
const HELD_MS = 30_000
/** The late answer to a call that was given up comes while the next call with its id runs. */
const REUSE_MS = 40

/** `freed`: the call that was given up before this one, and that is answered now. */
export function toRequest(step: Step, stamp: Stamp, freed?: Stamp): Request {
  const { caller, server, kind, id, ms } = step
  const text = writeStamp(stamp)
  // The token is the id, as the SDKs have it; what is `cached` is known by `stamp` alone.
  const _meta = { progressToken: id, stamp: text }
  if (kind === 'list') return { method: 'tools/list', params: { _meta } }
  if (kind === 'read') {
    return { method: 'resources/read', params: { uri: uriOf(caller, server, stamp), _meta } }
  }
  const call = (name: string, args: object): Request => {
    return {
      method: 'tools/call',
      params: { name: nameOf(caller, server, name), arguments: args, _meta },
    }
  }
  if (kind === 'cached') return call('cached', {})
  if (kind === 'question') return call('ask', { stamp: text })
  return call('stamp', {
    stamp: text,
    ...EMITS[kind],
    ...timesOf(kind, ms),
    ...(freed !== undefined && { frees: writeStamp(freed) }),
    // As the server knows it.
    ...(kind === 'update' && { uri: noteOf(subscriptionOf(caller)) }),
  })
}

function timesOf(kind: Kind, ms: number): { ms: number; isHeld?: boolean } {
  switch (kind) {
    case 'timeout':
      return { ms: CALL_MS + HELD_MS, isHeld: true }
    case 'cancel':
      return { ms: HELD_MS, isHeld: true }
    case 'reuse':
      return { ms: REUSE_MS }
    case 'resume':
      return { ms: RESUMED_MS }
    default:
      return { ms }
  }
}

/** What the caller is subscribed to. */
export function subscriptionOf({ key }: Caller): Stamp {
  return { caller: key, call: 0 }
}

export function uriOf({ endpoint }: Caller, server: ServerName, stamp: Stamp): string {
  const note = noteOf(stamp)
  return endpoint === 'catalog' ? `hearth://${server}/${note}` : note
}

function noteOf(stamp: Stamp): string {
  return `note:///${writeStamp(stamp)}`
}

function nameOf({ endpoint }: Caller, server: ServerName, name: string): string {
  return endpoint === 'catalog' ? `${server}__${name}` : name
}
