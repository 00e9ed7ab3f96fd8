/** Which idle process gives way where one more is wanted and there is no room. Pure. */

/** Whose a process is: a principal, everyone's, or `undefined` for one that nobody's state is in. */
export type Owner = string | undefined

/** In the place of a principal: whoever calls uses the process. */
export const EVERYONE = ''

/**
 * That of nobody, else the longest idle of whoever has most. Nobody loses one to an owner that has as many:
 * that gives up its own, or gets none. For nobody's only those give way that have most of all.
 * `idle`: the longest idle first. `held`: the owners of all, of the idle ones too.
 */
export function findYielding<T>(
  idle: Iterable<T>,
  ownerOf: (item: T) => Owner,
  held: Iterable<Owner>,
  taker: Owner,
): T | undefined {
  const counts = countOwners(held)
  const countOf = (owner: Owner): number => {
    return owner === undefined ? Infinity : (counts.get(owner) ?? 0)
  }
  const most = Math.max(
    0,
    ...[...counts.keys()].flatMap((o) => (o === undefined ? [] : countOf(o))),
  )
  const least =
    taker === undefined ? Math.max(counts.get(taker) ?? 0, most - 1) : (counts.get(taker) ?? 0)
  let found: { item: T; count: number } | undefined
  for (const item of idle) {
    const owner = ownerOf(item)
    const count = countOf(owner)
    const mayTake = owner === taker || count > least
    if (mayTake && count > (found?.count ?? 0)) found = { item, count }
  }
  return found?.item
}

/** Whether `taker` may have one of `owner`'s. `held` as above. */
export function yieldsTo(owner: Owner, held: Iterable<Owner>, taker: Owner): boolean {
  return findYielding([owner], (one) => one, held, taker) !== undefined
}

function countOwners(held: Iterable<Owner>): Map<Owner, number> {
  const counts = new Map<Owner, number>()
  for (const owner of held) counts.set(owner, (counts.get(owner) ?? 0) + 1)
  return counts
}
