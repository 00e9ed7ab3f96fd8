/**
 * What becomes of a server's pins when its tools are seen: the first sight of the server approves them. A
 * tool that it did not have then is an appearance, another definition than was approved is a change: the
 * policies decide about them. Pure.
 */
import type { CatalogSettings } from '#protocol/catalog.ts'
import { withoutName, type Definition } from './definition.ts'

export type ChangePolicy = CatalogSettings['whenToolChanges']

export interface Policies {
  changes: ChangePolicy
  appears: 'allow' | 'hold'
}

/** One definition of one tool of one server. */
export interface Pin {
  tool: string
  fingerprint: string
  definition: string
  /** `replaced`: it was approved until another one was. `held`: of a tool that never was. */
  state: 'approved' | 'pending' | 'replaced' | 'held'
  /** Those to whom it was shown last, by what a server may tell them apart by; the newest last. */
  seenAs: readonly string[]
  firstSeen: number
  approvedAt?: number
  /** The tool that had the same definition, but for its name, and is there no more. */
  renamedFrom?: string
}

export interface Sight {
  definitions: readonly Definition[]
  /** To whom: one that was shown something else before is shown this in its place. */
  seenAs: string
  /** All that there is; else a page of it. */
  isWhole: boolean
  /** What the server has was seen before: what it has beside that has appeared since. */
  isKnown: boolean
}

export interface Judgement {
  save: Pin[]
  drop: Pin[]
  /** Pins that are pending from now on. */
  changed: Pin[]
}

/** Of one pin. The one that was noted first is forgotten. */
const MAX_SEEN_AS = 16

/** `pins`: all of the server. */
export function judge(
  pins: readonly Pin[],
  sight: Sight,
  { policies, now }: { policies: Policies; now: number },
): Judgement {
  const byTool = groupByTool(pins)
  const seen = new Map(sight.definitions.map((definition) => [definition.tool, definition]))
  const vanished = sight.isWhole ? findVanished(byTool, seen, sight.seenAs) : []
  const judgement: Judgement = { save: [], drop: [], changed: [] }
  for (const definition of seen.values()) {
    const before = byTool.get(definition.tool) ?? []
    const { seenAs, isKnown } = sight
    const isHeld = isKnown && policies.appears === 'hold'
    const after =
      before.length === 0
        ? [noteFirst(definition, vanished, { seenAs, now, isHeld })]
        : note(before, definition, { seenAs, policies, now })
    settle(before, after, judgement)
  }
  for (const tool of vanished) {
    const before = byTool.get(tool.name) ?? []
    settle(before, leave(before, sight.seenAs), judgement)
  }
  return judgement
}

/**
 * Pending definitions of a tool become approved ones: the one of that fingerprint, or all. With the
 * fingerprint of one that is approved that one stays, and what is pending is forgotten: it is pending
 * again when it is seen again. `pins`: all of the tool.
 */
export function approve(
  pins: readonly Pin[],
  { now, fingerprint }: { now: number; fingerprint?: string | undefined },
): Pin[] {
  const isMeant = (pin: Pin): boolean =>
    fingerprint === undefined || pin.fingerprint === fingerprint
  if (!pins.some((pin) => isPending(pin) && isMeant(pin))) {
    return fingerprint === undefined ? [...pins] : pins.filter((pin) => !isPending(pin))
  }
  const approved = pins.map((pin) => (isPending(pin) && isMeant(pin) ? toApproved(pin, now) : pin))
  return replaceUnseen(approved)
}

export function groupByTool(pins: readonly Pin[]): Map<string, Pin[]> {
  const groups = new Map<string, Pin[]>()
  for (const pin of pins) {
    const group = groups.get(pin.tool)
    if (group === undefined) groups.set(pin.tool, [pin])
    else group.push(pin)
  }
  return groups
}

export function isPending({ state }: Pin): boolean {
  return state === 'pending' || state === 'held'
}

/** Whether a policy keeps what waits for approval from clients. */
export function isKept({ state }: Pin, { changes, appears }: Policies): boolean {
  if (state === 'held') return appears === 'hold'
  return state === 'pending' && changes === 'quarantine'
}

interface Noting {
  seenAs: string
  policies: Policies
  now: number
}

interface Vanished {
  name: string
  /** Without its name. */
  body: string
}

function findVanished(
  byTool: ReadonlyMap<string, readonly Pin[]>,
  seen: ReadonlyMap<string, Definition>,
  seenAs: string,
): Vanished[] {
  return [...byTool].flatMap(([name, pins]) => {
    const last = pins.find((pin) => pin.seenAs.includes(seenAs))
    return seen.has(name) || last === undefined
      ? []
      : [{ name, body: withoutName(last.definition) }]
  })
}

function noteFirst(
  { tool, text, fingerprint }: Definition,
  vanished: readonly Vanished[],
  { seenAs, now, isHeld }: { seenAs: string; now: number; isHeld: boolean },
): Pin {
  const body = vanished.length === 0 ? '' : withoutName(text)
  const former = vanished.find((one) => one.body === body)
  return {
    ...{ tool, fingerprint, definition: text, seenAs: [seenAs], firstSeen: now },
    ...(isHeld ? { state: 'held' } : { state: 'approved', approvedAt: now }),
    ...(former && { renamedFrom: former.name }),
  }
}

/** The pins of one tool after a definition of it was seen. */
function note(before: readonly Pin[], definition: Definition, noting: Noting): Pin[] {
  const { seenAs, policies, now } = noting
  const { tool, text, fingerprint } = definition
  const isSame = (pin: Pin): boolean => pin.fingerprint === fingerprint
  const known = before.find(isSame)
  const state = before.every((pin) => pin.state === 'held') ? 'held' : 'pending'
  const fresh: Pin = {
    ...{ tool, fingerprint, definition: text, state, seenAs: [], firstSeen: now },
  }
  const base = known === undefined || known.state === 'replaced' ? fresh : known
  const shown = addSeen(base, seenAs)
  const judged = isLetPass(shown, policies) ? toApproved(shown, now) : shown
  return replaceUnseen([
    ...leave(
      before.filter((pin) => !isSame(pin)),
      seenAs,
    ),
    judged,
  ])
}

function isLetPass({ state }: Pin, { changes, appears }: Policies): boolean {
  return state === 'held' ? appears === 'allow' : state === 'pending' && changes === 'allow'
}

function addSeen(pin: Pin, seenAs: string): Pin {
  if (pin.seenAs.includes(seenAs)) return pin
  return { ...pin, seenAs: [...pin.seenAs, seenAs].slice(-MAX_SEEN_AS) }
}

/** They are shown to this one no more. A change that nobody is shown was taken back. */
function leave(pins: readonly Pin[], seenAs: string): Pin[] {
  return pins
    .map((pin) =>
      pin.seenAs.includes(seenAs)
        ? { ...pin, seenAs: pin.seenAs.filter((one) => one !== seenAs) }
        : pin,
    )
    .filter((pin) => !isPending(pin) || pin.seenAs.length > 0)
}

/** What was approved, and is shown to nobody while another approved one is, is history: the last of it stays. */
function replaceUnseen(pins: readonly Pin[]): Pin[] {
  const isCurrent = (pin: Pin): boolean => pin.state === 'approved' && pin.seenAs.length > 0
  if (!pins.some(isCurrent)) return [...pins]
  const current = pins.filter((pin) => isCurrent(pin) || isPending(pin))
  const [former] = pins.filter((pin) => !current.includes(pin)).toSorted(newestFirst)
  if (former === undefined) return current
  return [...current, former.state === 'replaced' ? former : { ...former, state: 'replaced' }]
}

/** What is approved before what was replaced already. */
function newestFirst(a: Pin, b: Pin): number {
  if (a.state !== b.state) return a.state === 'approved' ? -1 : 1
  return (b.approvedAt ?? 0) - (a.approvedAt ?? 0)
}

function toApproved(pin: Pin, now: number): Pin {
  return { ...pin, state: 'approved', approvedAt: now }
}

function settle(before: readonly Pin[], after: readonly Pin[], judgement: Judgement): void {
  const formerly = new Map(before.map((pin) => [pin.fingerprint, pin]))
  for (const pin of after) {
    const former = formerly.get(pin.fingerprint)
    formerly.delete(pin.fingerprint)
    if (former === pin) continue
    judgement.save.push(pin)
    if (isPending(pin) && (former === undefined || !isPending(former))) judgement.changed.push(pin)
  }
  judgement.drop.push(...formerly.values())
}
