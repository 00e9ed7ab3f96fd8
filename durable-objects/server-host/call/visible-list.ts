/**
 * Lists for a principal that may not use all of what is on them. What is kept stays byte for byte;
 * so do the cursor and the members that nobody knows. A page may become empty. Pure.
 */
import { allows, type Access } from '#protocol/access.ts'
import type { Era } from '#protocol/mcp.ts'
import {
  editObject,
  findSpans,
  listElements,
  listMembers,
  readValue,
  splice,
  type Span,
} from '#protocol/json-splice.ts'
import { mayAllowTemplate } from '#protocol/uri-template.ts'

/** By whom and what a list is filtered; as JSON text it is kept with a stream that waits for the list. */
export interface ListFilter {
  method: string
  era: Era
  access: Access
}

/** Where each list is in its result, and what names its entries. */
const LISTS: ReadonlyMap<string, { list: string; name: string }> = new Map([
  ['tools/list', { list: 'tools', name: 'name' }],
  ['prompts/list', { list: 'prompts', name: 'name' }],
  ['resources/list', { list: 'resources', name: 'uri' }],
  ['resources/templates/list', { list: 'resourceTemplates', name: 'uriTemplate' }],
])

export function isList(method: string): boolean {
  return LISTS.has(method)
}

/** `payload`: the response to a list request. An error passes as it is. */
export function keepVisible(payload: Uint8Array, { method, era, access }: ListFilter): Uint8Array {
  const found = LISTS.get(method)
  if (found === undefined) return payload
  const [result, list] = findSpans(payload, [['result'], ['result', found.list]])
  if (result === undefined) return payload
  // Whoever caches it must not give it to another principal (2026-07-28, server/utilities/caching).
  const scope = era === 'modern' ? { cacheScope: '"private"' } : {}
  const edits = editObject(payload, result, scope)
  if (list !== undefined) {
    const kept = listElements(payload, list.start).filter((entry) =>
      isVisible(nameOf(payload, entry, found.name), method, access),
    )
    edits.push({ span: list, text: `[${kept.map((entry) => textOf(payload, entry)).join(',')}]` })
  }
  return splice(payload, edits)
}

function isVisible(name: unknown, method: string, access: Access): boolean {
  if (typeof name !== 'string') return false
  return method === 'resources/templates/list'
    ? mayAllowTemplate(access, name)
    : allows(access, name)
}

function nameOf(payload: Uint8Array, entry: Span, member: string): unknown {
  const found = listMembers(payload, entry.start).findLast(({ key }) => key === member)
  return found && readValue(payload, found)
}

const decoder = new TextDecoder()

function textOf(payload: Uint8Array, { start, end }: Span): string {
  return decoder.decode(payload.subarray(start, end))
}
