import type { Idle, LaunchGroup } from './launch-group.ts'
import { findYielding, type Owner } from '#protocol/yielding.ts'

/** The process of these launches that gives way to one of `taker`'s. */
export function findIdle(
  groups: LaunchGroup[],
  taker: Owner,
): (Idle & { group: LaunchGroup }) | undefined {
  const idle = groups
    .flatMap((group) => group.idle().map((one) => ({ ...one, group })))
    .toSorted((a, b) => b.ms - a.ms)
  const held = groups.flatMap((group) => group.owners())
  return findYielding(idle, ({ owner }) => owner, held, taker)
}
