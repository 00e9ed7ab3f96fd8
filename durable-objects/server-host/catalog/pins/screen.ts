/** A server's own `tools/list` as its clients get it: without what is quarantined, with what has changed marked. Pure. */
import { isObject } from '#protocol/json-rpc.ts'
import { findSpans, listElements, listMembers, readValue, splice } from '#protocol/json-splice.ts'
import type { Pin } from './compare-definitions.ts'

export const CHANGED_META = 'hearth/changed'

export interface Screen {
  isHidden: (tool: string) => boolean
  /** The same text where there is nothing to say. */
  mark: (tool: string, text: string) => string
}

const decoder = new TextDecoder()

/** `payload`: the response. What needs no change stays byte for byte. */
export function screenList(payload: Uint8Array, { isHidden, mark }: Screen): Uint8Array {
  const [list] = findSpans(payload, [['result', 'tools']])
  if (list === undefined) return payload
  let isSame = true
  const kept = listElements(payload, list.start).flatMap(({ start, end }) => {
    const text = decoder.decode(payload.subarray(start, end))
    const found = listMembers(payload, start).findLast(({ key }) => key === 'name')
    const name = found && readValue(payload, found)
    if (typeof name !== 'string') return [text]
    const shown = isHidden(name) ? undefined : mark(name, text)
    if (shown !== text) isSame = false
    return shown === undefined ? [] : [shown]
  })
  return isSame ? payload : splice(payload, [{ span: list, text: `[${kept.join(',')}]` }])
}

export function markEntry(text: string, { fingerprint, firstSeen }: Pin): string {
  const entry = JSON.parse(text) as Record<string, unknown>
  const meta = isObject(entry._meta) ? entry._meta : {}
  const changed = { fingerprint, since: new Date(firstSeen).toISOString() }
  return JSON.stringify({ ...entry, _meta: { ...meta, [CHANGED_META]: changed } })
}
