/**
 * URIs in a server's answer, as the catalog calls them: resource links and embedded resources of tools
 * and prompts, and the contents of a resource that was read (2025-11-25 and 2026-07-28, server/tools,
 * Tool Result). An answer that needs no change stays byte for byte. Pure.
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
  ]
  const [content, contents, messages] = findSpans(payload, paths)
  const holders = [
    ...elements(payload, content),
    ...elements(payload, contents),
    ...elements(payload, messages).flatMap((message) => member(payload, message, 'content')),
  ]
  const edits = holders.flatMap((holder): Edit[] => {
    const owners = [holder, ...member(payload, holder, 'resource')]
    return owners
      .flatMap((owner) => member(payload, owner, 'uri'))
      .flatMap((span) => {
        const uri = readValue(payload, span)
        const exposed = typeof uri === 'string' ? expose(uri) : uri
        return exposed === uri ? [] : [{ span, text: JSON.stringify(exposed) }]
      })
  })
  return edits.length === 0 ? payload : splice(payload, edits)
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
    const isKey = json[at - 1] === QUOTE && json[at + 3] === QUOTE
    if (isKey && json[at + 1] === R && json[at + 2] === I) return true
  }
  return false
}

const [QUOTE, U, R, I] = [0x22, 0x75, 0x72, 0x69]
