/**
 * The definitions of a tenant's tools as they were approved, against those that its servers show. The
 * first sight approves; what becomes of a change is the tenant's to say.
 */
import { CATALOG, type CatalogSettings } from '#protocol/catalog.ts'
import { GatewayError } from '#protocol/errors.ts'
import type { HostCall } from '#protocol/host-call.ts'
import { isObject } from '#protocol/json-rpc.ts'
import type { ToolApproval } from '#protocol/tool-pins.ts'
import { decode } from '../../connection.ts'
import { readEntries, type Entry } from '../entries.ts'
import { hash } from '../naming.ts'
import { readDefinition } from './definition.ts'
import { approve, isPending, judge, type Pin, type Sight } from './judge.ts'
import type { PinStore } from './pin-store.ts'
import { markEntry, screenList } from './screen.ts'

export interface PinsOptions {
  store: Pick<PinStore, 'ofServer' | 'pending' | 'change'>
  settings: () => CatalogSettings
  /** The principal whose processes a server's are; `undefined` for one that is everybody's. */
  ownerOf: (server: string, principal: string) => string | undefined
  tenant: string
}

/** To whom a list was shown. */
export interface Viewer {
  /** Canonical JSON. */
  capabilities: string
  principal: string
}

export class Pins {
  readonly #options: PinsOptions
  /** Changed and not approved: by `toKey`, the first of them. Read from the store when it is wanted. */
  #pending: Map<string, Pin> | undefined

  constructor(options: PinsOptions) {
    this.#options = options
  }

  get policy(): CatalogSettings['whenToolChanges'] {
    return this.#options.settings().whenToolChanges
  }

  /** On the way of every call. Throws `tool_quarantined`. */
  require({ server, target, envelope }: HostCall, body: Uint8Array): void {
    if (this.policy !== 'quarantine') return
    if (envelope?.kind !== 'request' || envelope.method !== 'tools/call') return
    const pending = (this.#pending ??= this.#load())
    if (pending.size === 0) return
    const tool = target ?? readName(body)
    const pin = pending.get(toKey(server, tool))
    if (pin === undefined) return
    const detail = `${tool} of ${server}`
    throw new GatewayError('tool_quarantined', { detail, data: { server, tool } })
  }

  /** Whether a tool is not there until its definition is approved. */
  isHidden(server: string, tool: string): boolean {
    return this.policy === 'quarantine' && this.#find(server, tool) !== undefined
  }

  /** A tool's entry as it is shown: one that has changed says so. */
  mark(server: string, tool: string, text: string): string {
    const pin = this.policy === 'warn' ? this.#find(server, tool) : undefined
    return pin === undefined ? text : markEntry(text, pin)
  }

  /** What a server has shown somebody; before anybody sees it. */
  async observe(
    server: string,
    entries: readonly Entry[],
    { viewer, isWhole }: { viewer: Viewer; isWhole: boolean },
  ): Promise<void> {
    const owner = this.#options.ownerOf(server, viewer.principal) ?? ''
    const seenAs = hash(JSON.stringify([viewer.capabilities, owner]))
    const definitions = await Promise.all(
      entries.map(({ name, text }) => readDefinition(name, text)),
    )
    this.#note(server, { definitions, seenAs, isWhole })
  }

  /** Whether the answer to a call is looked at: it is a server's own list of tools. */
  screens({ server, envelope }: HostCall): boolean {
    if (this.policy === 'allow' || server === CATALOG) return false
    return envelope?.kind === 'request' && envelope.method === 'tools/list'
  }

  /** For the answer to a list that a client asked a server for. */
  screenOf({ server }: HostCall, viewer: Viewer): (payload: Uint8Array) => Promise<Uint8Array> {
    return async (payload) => {
      const entries = readEntries(payload, 'tools')
      await this.observe(server, entries, { viewer, isWhole: false })
      return this.#screen(server, payload)
    }
  }

  /** The same by what is known: for an answer that a former object was asked for. */
  screenFormer(server: string, payload: Uint8Array): Uint8Array {
    return this.policy === 'allow' ? payload : this.#screen(server, payload)
  }

  /** Returns the fingerprint of what is approved now. Throws `tool_not_found` and `invalid_params`. */
  approve({ server, tool, fingerprint }: ToolApproval, now: number): string {
    const { store } = this.#options
    const before = store.ofServer(server).filter((pin) => pin.tool === tool)
    const current = before.filter(({ state }) => state !== 'replaced')
    const newest = current.find(isPending) ?? current[0]
    if (newest === undefined) throw new GatewayError('tool_not_found')
    const meant = current.find((pin) => pin.fingerprint === (fingerprint ?? newest.fingerprint))
    if (meant === undefined) {
      const detail = `the definition is another one now: ${newest.fingerprint}`
      throw new GatewayError('invalid_params', { detail })
    }
    const after = approve(before, { now, fingerprint })
    const kept = new Set(after.map((pin) => pin.fingerprint))
    const drop = before.filter((pin) => !kept.has(pin.fingerprint))
    store.change(server, { save: after, drop })
    this.#pending = undefined
    return meant.fingerprint
  }

  #screen(server: string, payload: Uint8Array): Uint8Array {
    return screenList(payload, {
      isHidden: (tool) => this.isHidden(server, tool),
      mark: (tool, text) => this.mark(server, tool, text),
    })
  }

  #note(server: string, sight: Sight): void {
    const { store } = this.#options
    const { policy } = this
    const before = store.ofServer(server)
    const { save, drop, changed } = judge(before, sight, { policy, now: Date.now() })
    if (save.length + drop.length === 0) return
    store.change(server, { save, drop })
    this.#pending = undefined
    for (const pin of changed) this.#tell(server, pin, before)
  }

  /** Once for each change: it is pending from now on. */
  #tell(server: string, { tool, fingerprint, firstSeen }: Pin, before: readonly Pin[]): void {
    const approved = before.find((pin) => pin.tool === tool && pin.state === 'approved')
    const line = {
      time: new Date(firstSeen).toISOString(),
      event: 'tool_changed',
      tenant: this.#options.tenant,
      ...{ server, tool, policy: this.policy, fingerprint },
      ...(approved && { approved: approved.fingerprint }),
    }
    console.warn(JSON.stringify(line))
  }

  #find(server: string, tool: string): Pin | undefined {
    return (this.#pending ??= this.#load()).get(toKey(server, tool))
  }

  #load(): Map<string, Pin> {
    const { pending } = this.#options.store
    return new Map(pending.map(({ server, pin }) => [toKey(server, pin.tool), pin]))
  }
}

/** Names of servers hold no slash. */
function toKey(server: string, tool: string): string {
  return `${server}/${tool}`
}

/** A long name travels in the body alone. */
function readName(body: Uint8Array): string {
  const { params } = decode(body)
  return isObject(params) && typeof params.name === 'string' ? params.name : ''
}
