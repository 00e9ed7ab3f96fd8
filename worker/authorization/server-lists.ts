/** Tools of a server that nobody may use, by its own configuration, as lists of the grants. Pure. */
import { includesPattern } from '#protocol/pattern.ts'
import type { Grants } from '#protocol/scopes.ts'
import type { ServerPolicy } from '#protocol/tenant.ts'

/** Grants for calls of this server. The same ones where it has no such lists. */
export function narrowGrants(
  grants: Grants,
  server: string,
  policy: ServerPolicy | undefined,
): Grants {
  const { allow, deny } = policy?.tools ?? {}
  if (allow === undefined && deny === undefined) return grants
  const onServer = (patterns: readonly string[]): string[] =>
    patterns.map((pattern) => `${server}/${pattern}`)
  return {
    ...grants,
    ...(deny !== undefined && {
      deny: { ...grants.deny, tools: [...(grants.deny?.tools ?? []), ...onServer(deny)] },
    }),
    ...(allow !== undefined && {
      allow: { ...grants.allow, tools: inBoth(onServer(allow), grants.allow?.tools) },
    }),
  }
}

/** Of two patterns that overlap in part neither is taken: rather too little than too much. */
function inBoth(one: readonly string[], other: readonly string[] | undefined): string[] {
  if (other === undefined) return [...one]
  return one.flatMap((pattern) => {
    if (other.some((wide) => includesPattern(wide, pattern))) return [pattern]
    return other.filter((narrow) => includesPattern(pattern, narrow))
  })
}
