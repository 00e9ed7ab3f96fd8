/**
 * What somebody should look at in the tools of several servers: one that could be taken for another
 * server's, one that speaks of another server's, one that has a new name, and one whose definition has text
 * that people do not see, or that tells a model what to do with more than the tool. Pure.
 */
import type { Finding } from '#protocol/tool-pins.ts'
import { readTricks } from './tricks.ts'
import { editKeys, isOneEditApart, skeletonOf } from './similar-names.ts'

export interface ListedTool {
  server: string
  /** As the server calls it. */
  tool: string
  description: string
  /** All that its definition says. */
  texts?: readonly string[]
  renamedFrom?: string
}

/** Further ones are not told. */
const MAX_FINDINGS = 500
const MAX_DESCRIPTION_CHARS = 20_000
const MAX_DEFINITION_CHARS = 100_000
/** Of all descriptions together. */
const MAX_SEARCHED_CHARS = 4_000_000
/** Of tools that look alike, those that are compared with each further one. */
const MAX_ALIKE = 32

/** What could be a name in a description: `server__tool`, `createIssue`, `search`. */
const MENTION = /[`"']?[\p{L}\p{N}][\p{L}\p{N}_.:/-]*[`"']?/gu
/** A name of several words is meant where it stands; another word may be just a word. */
const COMPOUND = /[\p{L}\p{N}][_-][\p{L}\p{N}]|\p{Ll}\p{Lu}/u

/** `areNamesApart`: in the catalog tools of two servers never have the same name, nor takes one the other's. */
export function findOddities(
  tools: readonly ListedTool[],
  { areNamesApart }: { areNamesApart: boolean },
): Finding[] {
  const shadows = findShadows(tools)
  return [
    ...findTricks(tools),
    ...findRenames(tools),
    ...(areNamesApart ? shadows.filter(({ kind }) => kind !== 'same_name') : shadows),
    ...findMentions(tools),
  ].slice(0, MAX_FINDINGS)
}

function findTricks(tools: readonly ListedTool[]): Finding[] {
  let left = MAX_SEARCHED_CHARS
  return tools.flatMap(({ server, tool, texts = [] }): Finding[] => {
    const searched = texts.join('\n').slice(0, Math.min(left, MAX_DEFINITION_CHARS))
    left -= searched.length
    return readTricks(searched).map(({ kind, what }) => {
      return { kind, server, tool, text: `${server}: the definition of "${tool}" ${what}` }
    })
  })
}

function findRenames(tools: readonly ListedTool[]): Finding[] {
  return tools.flatMap(({ server, tool, renamedFrom }): Finding[] => {
    if (renamedFrom === undefined) return []
    const text = `${server}: "${renamedFrom}" is gone, and "${tool}" is the same under another name`
    return [{ kind: 'renamed', server, tool, other: { server, tool: renamedFrom }, text }]
  })
}

interface Compared {
  one: ListedTool
  skeleton: string
}

/** Each pair once: the second is told of the first. */
function findShadows(tools: readonly ListedTool[]): Finding[] {
  const bySkeleton = new Map<string, Compared[]>()
  const byEdit = new Map<string, Compared[]>()
  const names = new Set(tools.map(toKey))
  const has = (server: string, { tool }: ListedTool): boolean => names.has(toKey({ server, tool }))
  // Each has the name of the other, too: two of one kind, and nothing that is taken for it.
  const areTwins = (one: ListedTool, other: ListedTool): boolean =>
    one.tool !== other.tool && has(one.server, other) && has(other.server, one)
  return tools.flatMap((one) => {
    const compared = { one, skeleton: skeletonOf(one.tool) }
    const { skeleton } = compared
    const same = note(bySkeleton, skeleton, compared)
    const near = new Set(editKeys(skeleton).flatMap((key) => note(byEdit, key, compared)))
    const isNear = (other: Compared) => isOneEditApart(skeleton, other.skeleton)
    return [...same, ...[...near].filter(isNear)]
      .filter((other) => other.one.server !== one.server && !areTwins(one, other.one))
      .map((other) => tell(one, other.one))
  })
}

/** Names of servers hold no slash. */
function toKey({ server, tool }: Pick<ListedTool, 'server' | 'tool'>): string {
  return `${server}/${tool}`
}

/** Returns those that were noted before. */
function note<T>(known: Map<string, T[]>, key: string, value: T): T[] {
  const noted = known.get(key)
  if (noted === undefined) known.set(key, [value])
  const before = [...(noted ?? [])]
  if (before.length < MAX_ALIKE) noted?.push(value)
  return before
}

function tell({ server, tool }: ListedTool, other: ListedTool): Finding {
  const kind = tool === other.tool ? 'same_name' : 'similar_name'
  const how = kind === 'same_name' ? 'is called like' : 'could be taken for'
  const text = `${server}: "${tool}" ${how} "${other.tool}" of ${other.server}`
  return { kind, server, tool, other: { server: other.server, tool: other.tool }, text }
}

function findMentions(tools: readonly ListedTool[]): Finding[] {
  const byName = new Map<string, ListedTool[]>()
  for (const tool of tools) note(byName, tool.tool, tool)
  let left = MAX_SEARCHED_CHARS
  return tools.flatMap(({ server, tool, description }): Finding[] => {
    const searched = description.slice(0, Math.min(left, MAX_DESCRIPTION_CHARS))
    left -= searched.length
    const mentioned = new Set(
      readMentions(searched).flatMap((name) => {
        const owners = byName.get(name) ?? []
        // Its own server's tool is meant, where that has one of the name.
        return owners.some((owner) => owner.server === server) ? [] : owners
      }),
    )
    return [...mentioned].map(({ server: owner, tool: other }) => ({
      ...{ kind: 'mentions_other', server, tool, other: { server: owner, tool: other } },
      text: `${server}: the description of "${tool}" names "${other}" of ${owner}`,
    }))
  })
}

/** Names as they stand, and without what stands before them: a server, and two underscores or a dot. */
function readMentions(description: string): string[] {
  return (description.match(MENTION) ?? []).flatMap((word) => {
    const name = word.replace(/^[`"']|[`"'.:/-]+$/g, '')
    const isQuoted = /^[`"']/.test(word)
    const own = name.split(/__|[.:/]/).at(-1) ?? name
    if (own !== name) return [name, own]
    return isQuoted || COMPOUND.test(name) ? [name] : []
  })
}
