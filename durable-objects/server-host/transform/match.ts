/** Which calls a part of a configuration is about. Pure. */
import { matchesGlob, readGlob, type Glob } from '#protocol/glob.ts'
import type { CallMatch } from '#protocol/transform.ts'
import type { TransformContext } from './transformer.ts'

type Matcher = (context: Pick<TransformContext, 'method' | 'target'>) => boolean

/** The kind of what each method names. */
const KINDS: ReadonlyMap<string, keyof CallMatch> = new Map([
  ['tools/call', 'tools'],
  ['prompts/get', 'prompts'],
  ['resources/read', 'resources'],
])

export function createMatcher(match: CallMatch | undefined): Matcher {
  if (match === undefined) return () => true
  const globs = Object.fromEntries(
    Object.entries(match).map(([kind, patterns = []]) => [kind, toGlobs(patterns)]),
  )
  return ({ method, target }) => {
    // What a server says outside of a call may be about any.
    if (method === '') return true
    const kind = KINDS.get(method)
    const known = kind === undefined ? undefined : globs[kind]
    return target !== undefined && known?.some((glob) => matchesGlob(glob, target)) === true
  }
}

/** Those that cannot be read match nothing: the schema has refused them. */
export function toGlobs(patterns: readonly string[]): Glob[] {
  return patterns.flatMap((pattern) => {
    const reading = readGlob(pattern)
    return 'glob' in reading ? [reading.glob] : []
  })
}
