/** The pins of a tenant as they are shown to those who administer it. Pure. */
import { isObject } from '#protocol/json-rpc.ts'
import type { Finding, PinnedTool } from '#protocol/tool-pins.ts'
import { findOddities, type ListedTool } from './findings.ts'
import { groupByTool, isPending, type ChangePolicy, type Pin } from './judge.ts'
import { diffLines } from './line-diff.ts'

/** Of further tools it is told that they have changed, and not how. */
const MAX_DIFFS = 200

type Diff = (before: string, after: string) => string

export function reportPins(
  all: readonly { server: string; pin: Pin }[],
  policy: ChangePolicy,
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
    tools: groups.map(({ server, group }) => toTool(server, group, { policy, diff })),
    findings: findOddities(listed),
  }
}

function toTool(
  server: string,
  pins: readonly Pin[],
  { policy, diff }: { policy: ChangePolicy; diff: Diff },
): PinnedTool {
  const approved = newestOf(pins, 'approved')
  const replaced = newestOf(pins, 'replaced')
  const any = approved ?? pins[0]
  const renamedFrom = pins.find((pin) => pin.renamedFrom !== undefined)?.renamedFrom
  return {
    ...{ server, tool: any?.tool ?? '', state: stateOf(pins, policy) },
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

function stateOf(pins: readonly Pin[], policy: ChangePolicy): PinnedTool['state'] {
  if (policy === 'allow' || !pins.some(isPending)) return 'approved'
  return policy === 'quarantine' ? 'quarantined' : 'changed'
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

/** What a model reads now, the definitions among it that nobody has approved. */
function toListed(server: string, pins: readonly Pin[]): ListedTool[] {
  const shown = pins.filter(({ seenAs }) => seenAs.length > 0)
  const [first] = shown
  if (first === undefined) return []
  const renamedFrom = shown.find((pin) => pin.renamedFrom !== undefined)?.renamedFrom
  const description = shown.map(({ definition }) => readDescription(definition)).join('\n')
  return [
    { server, tool: first.tool, description, ...(renamedFrom !== undefined && { renamedFrom }) },
  ]
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
