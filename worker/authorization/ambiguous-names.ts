/**
 * Request smuggling in JSON: where a server's parser takes another one of two members than ours, or `Name`
 * for `name`, it would do something else than what was decided on. Pure.
 */
import { findCertain, type Path } from '#protocol/json-splice.ts'

/** What a decision reads. */
const READ: readonly Path[] = [
  ...['jsonrpc', 'id', 'method'].map((key) => [key]),
  ...['name', 'uri'].map((key) => ['params', key]),
  ...['type', 'name', 'uri'].map((key) => ['params', 'ref', key]),
  ['params', 'notifications', 'resourceSubscriptions'],
]

/** Whether one of them is there twice, or in other letters. `json`: one JSON object. */
export function hasAmbiguousNames(json: Uint8Array): boolean {
  return findCertain(json, READ).isAmbiguous
}
