/**
 * The definitions of a tenant's tools as they were approved, against those that its servers show. The
 * first sight of a server approves; what becomes of changes and of new tools is the tenant's to say.
 */
import { appearancePolicy, CATALOG, type CatalogSettings } from '#protocol/catalog.ts'
import { GatewayError } from '#protocol/errors.ts'
import type { HostCall } from '#protocol/host-call.ts'
import { isObject } from '#protocol/json-rpc.ts'
import type { ToolApproval } from '#protocol/tool-pins.ts'
import { decode } from '../../processes/connection.ts'
import { readEntries, type Entry } from '../entries.ts'
import { hash } from '../naming.ts'
import { readDefinition } from './definition.ts'
import {
  approve,
  isKept,
  isPending,
  judge,
  type Pin,
  type Policies,
  type Sight,
} from './compare-definitions.ts'
import type { PinStore } from './pin-store.ts'
import { markEntry, screenList } from './screen.ts'

export interface PinsOptions {
  store: Pick<PinStore, 'ofServer' | 'pending' | 'toolsOf' | 'isKnown' | 'noteKnown' | 'change'>
  settings: () => CatalogSettings
  /** The principal whose processes a server's are; `undefined` for one that is everybody's. */
  ownerOf: (server: string, principal: string) => string | undefined
  tenant: string
  /** Lists all tools of a server, so that what appears later can be told from what was there. */
  learn: (server: string, principal: string) => Promise<void>
}

/** To whom a list was shown. */
export interface Viewer {
  /** Canonical JSON. */
  capabilities: string
  principal: string
}

export class Pins {
  readonly #options: PinsOptions
  /** Not approved: by `toKey`, all of a tool. Read from the store when it is wanted. */
  #pending: Map<string, Pin[]> | undefined
  /** Tools that were approved once, by server: as they are wanted. */
  readonly #tools = new Map<string, ReadonlySet<string>>()

  constructor(options: PinsOptions) {
    this.#options = options
  }

  get policies(): Policies {
    const settings = this.#options.settings()
    return { changes: settings.whenToolChanges, appears: appearancePolicy(settings) }
  }

  /** Whether there are tools that clients are not shown until they are approved. */
  get hides(): boolean {
    const { changes, appears } = this.policies
    return changes === 'quarantine' || appears === 'hold'
  }

  /**
   * On the way of every call; a promise only where the server's tools were never seen. Throws, or rejects
   * with, `tool_quarantined`.
   */
  require(call: HostCall, body: Uint8Array): Promise<void> | undefined {
    const { server, target, envelope, principal } = call
    if (envelope?.kind !== 'request' || envelope.method !== 'tools/call') return undefined
    if (server === CATALOG || !this.hides) return undefined
    const tool = target ?? readName(body)
    if (this.isHidden(server, tool)) throw quarantined(server, tool)
    if (this.policies.appears !== 'hold' || this.#wasApproved(server, tool)) return undefined
    return this.#requireSeen(server, tool, principal)
  }

  /** A tool that no list has shown may be one that has appeared since. */
  async #requireSeen(server: string, tool: string, principal: string): Promise<void> {
    await this.#learn(server, principal)
    if (!this.#wasApproved(server, tool)) throw quarantined(server, tool)
  }

  async #learn(server: string, principal: string): Promise<void> {
    const { store, learn } = this.#options
    if (!store.isKnown(server)) await learn(server, principal)
  }

  #wasApproved(server: string, tool: string): boolean {
    let tools = this.#tools.get(server)
    if (tools === undefined) {
      tools = this.#options.store.toolsOf(server)
      this.#tools.set(server, tools)
    }
    return tools.has(tool)
  }

  /** Whether all tools of a server were ever looked at. */
  hasSeen(server: string): boolean {
    return this.#options.store.isKnown(server)
  }

  /** Whether a tool is not there until its definition is approved. */
  isHidden(server: string, tool: string): boolean {
    const { policies } = this
    return this.#find(server, tool).some((pin) => isKept(pin, policies))
  }

  /** A tool's entry as it is shown: one that has changed says so. */
  mark(server: string, tool: string, text: string): string {
    if (this.policies.changes !== 'warn') return text
    const pin = this.#find(server, tool).find(({ state }) => state === 'pending')
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
    // A page alone does not tell what is new.
    if (!isWhole && this.policies.appears === 'hold') {
      await this.#learn(server, viewer.principal).catch(() => undefined)
    }
    const definitions = await Promise.all(
      entries.map(({ name, text }) => readDefinition(name, text)),
    )
    const isKnown = this.#options.store.isKnown(server)
    this.#note(server, { definitions, seenAs, isWhole, isKnown })
  }

  /** Whether the answer to a call is looked at: it is a server's own list of tools. */
  screens({ server, envelope }: HostCall): boolean {
    if (this.#isOff || server === CATALOG) return false
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
    return this.#isOff ? payload : this.#screen(server, payload)
  }

  /** Returns the fingerprint of what is approved now. Throws `tool_not_found` and `invalid_params`. */
  approve({ server, tool, fingerprint }: ToolApproval, now: number): string {
    const { store } = this.#options
    const before = store.ofServer(server).filter((pin) => pin.tool === tool)
    const current = before.filter(({ state }) => state !== 'replaced')
    const newest = current.find(isPending) ?? current[0]
    if (newest === undefined) throw new GatewayError('tool_not_found')
    const [meant, ...more] =
      fingerprint === undefined
        ? [newest]
        : current.filter((pin) => pin.fingerprint.startsWith(fingerprint))
    if (meant === undefined || more.length > 0) {
      const what = meant === undefined ? 'the definition is another one now' : 'two begin so'
      const all = meant === undefined ? [newest] : [meant, ...more]
      const detail = `${what}: ${all.map((pin) => pin.fingerprint).join(', ')}`
      throw new GatewayError('invalid_params', { detail })
    }
    const after = approve(before, { now, fingerprint: fingerprint && meant.fingerprint })
    const kept = new Set(after.map((pin) => pin.fingerprint))
    const drop = before.filter((pin) => !kept.has(pin.fingerprint))
    store.change(server, { save: after, drop })
    this.#forget(server)
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
    const { policies } = this
    const now = Date.now()
    const before = store.ofServer(server)
    const { save, drop, changed } = judge(before, sight, { policies, now })
    if (sight.isWhole && !sight.isKnown) store.noteKnown(server, now)
    if (save.length + drop.length === 0) return
    store.change(server, { save, drop })
    this.#forget(server)
    for (const pin of changed) this.#tell(server, pin, before)
  }

  /** Once for each change: it is pending from now on. */
  #tell(server: string, pin: Pin, before: readonly Pin[]): void {
    const { tool, fingerprint, firstSeen, state } = pin
    const { changes, appears } = this.policies
    const approved = before.find((one) => one.tool === tool && one.state === 'approved')
    const isNew = state === 'held'
    const line = {
      time: new Date(firstSeen).toISOString(),
      event: isNew ? 'tool_appeared' : 'tool_changed',
      tenant: this.#options.tenant,
      ...{ server, tool, policy: isNew ? appears : changes, fingerprint },
      ...(approved && { approved: approved.fingerprint }),
    }
    console.warn(JSON.stringify(line))
  }

  get #isOff(): boolean {
    const { changes, appears } = this.policies
    return changes === 'allow' && appears === 'allow'
  }

  #forget(server: string): void {
    this.#pending = undefined
    this.#tools.delete(server)
  }

  #find(server: string, tool: string): readonly Pin[] {
    const pending = (this.#pending ??= this.#load())
    return pending.size === 0 ? [] : (pending.get(toKey(server, tool)) ?? [])
  }

  #load(): Map<string, Pin[]> {
    const loaded = new Map<string, Pin[]>()
    for (const { server, pin } of this.#options.store.pending) {
      const key = toKey(server, pin.tool)
      loaded.set(key, [...(loaded.get(key) ?? []), pin])
    }
    return loaded
  }
}

function quarantined(server: string, tool: string): GatewayError {
  const detail = `${tool} of ${server}`
  return new GatewayError('tool_quarantined', { detail, data: { server, tool } })
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
