/** The pins of a tenant as they are shown to those who administer it. Pure. */
import type { CatalogSettings } from '#protocol/catalog.ts'
import { isObject } from '#protocol/json-rpc.ts'
import type { Finding, PinnedTool } from '#protocol/tool-pins.ts'
import { findOddities, type ListedTool } from './findings.ts'
import { groupByTool, isPending, type Pin, type Policies } from './compare-definitions.ts'
import { diffLines } from './line-diff.ts'

/** Of further tools it is told that they have changed, and not how. */
const MAX_DIFFS = 200
/** What is nested deeper is not searched. */
const MAX_TEXT_DEPTH = 64

type Diff = (before: string, after: string) => string

export function reportPins(
  all: readonly { server: string; pin: Pin }[],
  policies: Policies,
  naming: CatalogSettings['naming'],
): { tools: PinnedTool[]; findings: Finding[] } {
  const byServer = new Map<string, Pin[]>()
  for (const { server, pin } of all) {
    const pins = byServer.get(server)
    if (pins === undefined) byServer.set(server, [pin])
    else pins.push(pin)
  }
  const groups = [...byServer].flatMap(([server, pins]) =>
    [...groupByTool(pins).values()].map((group) => ({ server, group })),
  )
  const listed = groups.flatMap(({ server, group }) => toListed(server, group))
  let diffs = 0
  const diff: Diff = (before, after) => (++diffs > MAX_DIFFS ? '…' : diffLines(before, after))
  return {
    tools: groups.map(({ server, group }) => toTool(server, group, { policies, diff })),
    findings: findOddities(listed, { areNamesApart: naming !== 'priority' }),
  }
}

function toTool(
  server: string,
  pins: readonly Pin[],
  { policies, diff }: { policies: Policies; diff: Diff },
): PinnedTool {
  const approved = newestOf(pins, 'approved')
  const replaced = newestOf(pins, 'replaced')
  const any = approved ?? pins[0]
  const renamedFrom = pins.find((pin) => pin.renamedFrom !== undefined)?.renamedFrom
  return {
    ...{ server, tool: any?.tool ?? '', state: stateOf(pins, policies) },
    ...(approved && { fingerprint: approved.fingerprint }),
    ...(approved?.approvedAt !== undefined && { approvedAt: approved.approvedAt }),
    isListed: pins.some(({ seenAs }) => seenAs.length > 0),
    ...(renamedFrom !== undefined && { renamedFrom }),
    pending: pins.filter(isPending).map(({ fingerprint, firstSeen, definition }) => ({
      ...{ fingerprint, since: firstSeen },
      diff: diff(toText(approved), indent(definition)),
    })),
    ...(approved !== undefined &&
      replaced !== undefined && { lastChange: tell(replaced, approved, diff) }),
  }
}

function stateOf(pins: readonly Pin[], { changes, appears }: Policies): PinnedTool['state'] {
  const has = (state: Pin['state']): boolean => pins.some((pin) => pin.state === state)
  if (appears === 'hold' && has('held')) return 'held'
  if (changes === 'allow' || !has('pending')) return 'approved'
  return changes === 'quarantine' ? 'quarantined' : 'changed'
}

function tell(replaced: Pin, approved: Pin, diff: Diff): NonNullable<PinnedTool['lastChange']> {
  return {
    from: replaced.fingerprint,
    ...(approved.approvedAt !== undefined && { at: approved.approvedAt }),
    diff: diff(toText(replaced), toText(approved)),
  }
}

function newestOf(pins: readonly Pin[], state: Pin['state']): Pin | undefined {
  return pins
    .filter((pin) => pin.state === state)
    .toSorted((a, b) => (a.approvedAt ?? 0) - (b.approvedAt ?? 0))
    .at(-1)
}

/** What a model reads now, and would if it were approved. */
function toListed(server: string, pins: readonly Pin[]): ListedTool[] {
  const shown = pins.filter(({ seenAs }) => seenAs.length > 0)
  const [first] = shown
  if (first === undefined) return []
  const renamedFrom = shown.find((pin) => pin.renamedFrom !== undefined)?.renamedFrom
  const description = shown.map(({ definition }) => readDescription(definition)).join('\n')
  const texts = shown.flatMap(({ definition }) => readTexts(JSON.parse(definition)))
  return [
    {
      ...{ server, tool: first.tool, description, texts },
      ...(renamedFrom !== undefined && { renamedFrom }),
    },
  ]
}

/** Names of arguments among them. */
function readTexts(value: unknown, depth = 0): string[] {
  if (typeof value === 'string') return [value]
  if (depth === MAX_TEXT_DEPTH) return []
  if (Array.isArray(value)) return value.flatMap((one) => readTexts(one, depth + 1))
  if (!isObject(value)) return []
  return Object.entries(value).flatMap(([key, own]) => [key, ...readTexts(own, depth + 1)])
}

function readDescription(definition: string): string {
  const parsed: unknown = JSON.parse(definition)
  const description = isObject(parsed) ? parsed.description : undefined
  return typeof description === 'string' ? description : ''
}

function toText(pin: Pin | undefined): string {
  return pin === undefined ? '' : indent(pin.definition)
}

function indent(definition: string): string {
  return JSON.stringify(JSON.parse(definition), undefined, 2)
}
