/**
 * URIs in a server's answer, as the catalog calls them: resource links and embedded resources of tools
 * and prompts, the contents of a resource that was read (2025-11-25 and 2026-07-28, server/tools,
 * Tool Result), and the user interface of a result (MCP Apps, `_meta.ui.resourceUri`). An answer that needs no change stays byte for byte. Pure.
 */
import {
  findSpans,
  listElements,
  listMembers,
  readValue,
  splice,
  type Edit,
  type Span,
} from '#protocol/json-splice.ts'

export function exposeAnswer(payload: Uint8Array, expose: (uri: string) => string): Uint8Array {
  if (!hasURI(payload)) return payload
  const paths = [
    ['result', 'content'],
    ['result', 'contents'],
    ['result', 'messages'],
    ...UI_PATHS.map((path) => ['result', ...path]),
  ]
  const [content, contents, messages, ...interfaces] = findSpans(payload, paths)
  const holders = [
    ...elements(payload, content),
    ...elements(payload, contents),
    ...elements(payload, messages).flatMap((message) => member(payload, message, 'content')),
  ]
  const uris = holders.flatMap((holder) => {
    const owners = [holder, ...member(payload, holder, 'resource')]
    return owners.flatMap((owner) => member(payload, owner, 'uri'))
  })
  return exposeAt(payload, [...uris, ...interfaces], expose)
}

/** A tool's entry in a list: where its user interface is. */
export function exposeTool(entry: string, expose: (uri: string) => string): string {
  if (!namesInterface(entry)) return entry
  const json = encoder.encode(entry)
  const exposed = exposeAt(json, findSpans(json, UI_PATHS), expose)
  return exposed === json ? entry : decoder.decode(exposed)
}

/** Whether it is worth a look: it may be said elsewhere in the entry. */
export function namesInterface(entry: string): boolean {
  return entry.includes('esourceUri"')
}

/** As it is written now, and as it was before. */
const UI_PATHS = [
  ['_meta', 'ui', 'resourceUri'],
  ['_meta', 'ui/resourceUri'],
]
const encoder = new TextEncoder()
const decoder = new TextDecoder()

function exposeAt(
  json: Uint8Array,
  spans: readonly (Span | undefined)[],
  expose: (uri: string) => string,
): Uint8Array {
  const edits = spans.flatMap((span): Edit[] => {
    if (span === undefined) return []
    const uri = readValue(json, span)
    const exposed = typeof uri === 'string' ? expose(uri) : uri
    return exposed === uri ? [] : [{ span, text: JSON.stringify(exposed) }]
  })
  return edits.length === 0 ? json : splice(json, edits)
}

function elements(json: Uint8Array, list: Span | undefined): Span[] {
  return list === undefined ? [] : listElements(json, list.start)
}

function member(json: Uint8Array, object: Span, name: string): Span[] {
  const found = listMembers(json, object.start).findLast(({ key }) => key === name)
  return found === undefined ? [] : [found]
}

/** What an answer without URIs costs: a look at what follows each `u`, of which JSON has few. */
function hasURI(json: Uint8Array): boolean {
  for (let at = json.indexOf(U); at > 0; at = json.indexOf(U, at + 1)) {
    if (json[at - 1] !== QUOTE) continue
    const [second, third] = [json[at + 1], json[at + 2]]
    if (second === R && third === I && json[at + 3] === QUOTE) return true
    if (second === I && (third === QUOTE || third === SLASH)) return true
  }
  return false
}

const [QUOTE, SLASH, U, R, I] = [0x22, 0x2f, 0x75, 0x72, 0x69]
