/** Who gives way where a bound of the tenant is reached: the principal that has most of it. Pure. */

/** `items`: the oldest first. `undefined` where there are none. */
export function oldestOfGreediest<T>(
  items: Iterable<T>,
  ownerOf: (item: T) => string,
): T | undefined {
  const owned = new Map<string, { count: number; oldest: T }>()
  for (const item of items) {
    const owner = ownerOf(item)
    const of = owned.get(owner)
    if (of === undefined) owned.set(owner, { count: 1, oldest: item })
    else of.count++
  }
  let most: { count: number; oldest: T } | undefined
  for (const of of owned.values()) if (of.count > (most?.count ?? 0)) most = of
  return most?.oldest
}

/** The same for one more of `owner`: `undefined` where nobody has more than it would have then. */
export function oldestOfGreedier<T>(
  items: Iterable<T>,
  ownerOf: (item: T) => string,
  owner: string,
): T | undefined {
  const all = [...items]
  const oldest = oldestOfGreediest(all, ownerOf)
  if (oldest === undefined) return undefined
  const count = (name: string): number => all.filter((item) => ownerOf(item) === name).length
  return count(ownerOf(oldest)) > count(owner) + 1 ? oldest : undefined
}
