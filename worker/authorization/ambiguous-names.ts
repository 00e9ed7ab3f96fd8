/**
 * Request smuggling in JSON: of two members of one name some parsers take the first, and some take
 * `Name` for `name`. The server would then do something else than what was decided on. Pure.
 */
import { findSpans, listMembers } from '#protocol/json-splice.ts'

/** Members by what is left of their names without case. */
type Folded = ReadonlyMap<string, string>

/** The members that a decision reads, by the object that they are in. */
const ENVELOPE = foldAll('jsonrpc', 'id', 'method', 'params')
const READ: readonly { path: string[]; members: Folded }[] = [
  { path: ['params'], members: foldAll('name', 'uri', 'ref', 'notifications') },
  { path: ['params', 'ref'], members: foldAll('type', 'name', 'uri') },
  { path: ['params', 'notifications'], members: foldAll('resourceSubscriptions') },
]
const PATHS = READ.map(({ path }) => path)

/** Whether one of them is there twice, or in other letters. `json`: one JSON object. */
export function hasAmbiguousNames(json: Uint8Array): boolean {
  if (isAmbiguous(json, json.indexOf(0x7b), ENVELOPE)) return true
  const spans = findSpans(json, PATHS)
  return READ.some(({ members }, at) => {
    const span = spans[at]
    return span !== undefined && isAmbiguous(json, span.start, members)
  })
}

function isAmbiguous(json: Uint8Array, start: number, members: Folded): boolean {
  const seen = new Set<string>()
  return listMembers(json, start).some(({ key }) => {
    const member = members.get(fold(key))
    if (member === undefined) return false
    if (member !== key || seen.has(key)) return true
    seen.add(key)
    return false
  })
}

function foldAll(...members: string[]): Folded {
  return new Map(members.map((member) => [fold(member), member]))
}

/** As Unicode folds case: `ſ` is an `s` in upper case only, the Kelvin sign a `k` in lower case only. */
function fold(key: string): string {
  return key.toUpperCase().toLowerCase()
}
