/**
 * Makes a result small: texts are cut, what cannot be cut goes, and a note says so. The rest of the
 * result (its `_meta`, members that nobody knows) stays byte for byte. Pure.
 */
import {
  editObject,
  findSpans,
  listElements,
  readValue,
  splice,
  type Edit,
  type Span,
} from '#protocol/json-splice.ts'
import { cutText } from './cut-text.ts'

/** Of the bound, for what is not text: names, `_meta`, notes. */
const MARGIN_SHARE = 0.1

/** Lists of content by what they are in, and where each block's text is. */
const LISTS = [
  { path: ['result', 'content'], text: ['text'] },
  { path: ['result', 'contents'], text: ['text'] },
  { path: ['result', 'messages'], text: ['content', 'text'] },
] as const

export interface Shortened {
  response: Uint8Array
  /** Whether anything was left out. */
  isCut: boolean
}

/** `more`: content blocks as JSON that come behind what is kept of a tool's content. */
export function shorten(
  response: Uint8Array,
  maxBytes: number,
  toNote: (leftOutBytes: number, wholeBytes: number) => string,
  more: readonly string[] = [],
): Shortened {
  const [result, structured, ...lists] = findSpans(response, [
    ['result'],
    ['result', 'structuredContent'],
    ...LISTS.map(({ path }) => path),
  ])
  if (result === undefined) return { response, isCut: false }
  const budget = new Budget(Math.floor(maxBytes * (1 - MARGIN_SHARE)))
  const edits: Edit[] = []
  let leftOut = 0
  // Structured content is whole or not there.
  const isDropped = structured !== undefined && !budget.takes(sizeOf(structured))
  if (isDropped) leftOut += sizeOf(structured)
  const changes: Record<string, string | undefined> = {}
  lists.forEach((list, index) => {
    const known = LISTS[index]
    if (list === undefined || known === undefined) return
    const kept = keepBlocks(response, list, known.text, budget)
    leftOut += kept.leftOut
    const name = known.path[1]
    const isContent = name === 'content'
    if (kept.leftOut === 0 && !(isContent && (isDropped || more.length > 0))) return
    const note = isContent ? [noteBlock(toNote(leftOut, sizeOf(result))), ...more] : []
    changes[name] = `[${[...kept.blocks, ...note].join(',')}]`
  })
  if (isDropped) {
    changes.structuredContent = undefined
    // What is not there does not fit the tool's output schema; only an error need not.
    changes.isError = 'true'
  }
  edits.push(...editObject(response, result, changes))
  return { response: splice(response, edits), isCut: Object.keys(changes).length > 0 }
}

class Budget {
  #left: number

  constructor(bytes: number) {
    this.#left = bytes
  }

  get left(): number {
    return this.#left
  }

  takes(bytes: number): boolean {
    if (bytes > this.#left) return false
    this.#left -= bytes
    return true
  }
}

function keepBlocks(
  json: Uint8Array,
  list: Span,
  textPath: readonly string[],
  budget: Budget,
): { blocks: string[]; leftOut: number } {
  const blocks: string[] = []
  let leftOut = 0
  for (const block of listElements(json, list.start)) {
    const bytes = json.subarray(block.start, block.end)
    if (budget.takes(bytes.length)) {
      blocks.push(decoder.decode(bytes))
      continue
    }
    const cut = cutBlock(bytes, textPath, budget)
    leftOut += bytes.length - (cut?.length ?? 0)
    if (cut !== undefined) blocks.push(decoder.decode(cut))
  }
  return { blocks, leftOut }
}

/** A block with as much of its text as there is room for; `undefined` where it has none, or there is none. */
function cutBlock(
  block: Uint8Array,
  textPath: readonly string[],
  budget: Budget,
): Uint8Array | undefined {
  const [span] = findSpans(block, [textPath])
  const text = span && readValue(block, span)
  if (span === undefined || typeof text !== 'string') return undefined
  const frame = block.length - sizeOf(span)
  const room = budget.left - frame
  if (room <= 0) return undefined
  let kept = cutText(text, room)
  // As JSON a text is longer: what is written with a backslash takes up to six bytes.
  for (let over = overBy(kept, room); over > 0; over = overBy(kept, room)) {
    const bytes = encoder.encode(kept).length
    kept = cutText(
      kept,
      Math.max(0, Math.min(bytes - 1, Math.floor(bytes * (room / (room + over))))),
    )
  }
  if (kept === '') return undefined
  const cut = splice(block, [{ span, text: JSON.stringify(kept) }])
  budget.takes(Math.min(cut.length, budget.left))
  return cut
}

function overBy(text: string, room: number): number {
  return encoder.encode(JSON.stringify(text)).length - 2 - room
}

function noteBlock(text: string): string {
  return JSON.stringify({ type: 'text', text })
}

function sizeOf({ start, end }: Span): number {
  return end - start
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()
