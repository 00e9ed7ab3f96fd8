/** Takes secrets and personal data out of what passes by: where they may stand, by method. Pure. */
import { isObjectAt } from '#protocol/json-scan.ts'
import {
  findSpans,
  listElements,
  splice,
  type Edit,
  type Path,
  type Span,
} from '#protocol/json-splice.ts'
import type { Redaction } from '#protocol/transform.ts'
import type { Stage } from '../stage.ts'
import { redactText, redactValue } from './redact-json.ts'
import { createRedactor, type Redactor } from './redactor.ts'

type Steps = Pick<Stage, 'onRequest' | 'onAnswer' | 'onEvent' | 'onLog'>

export function createRedaction(config: Redaction): Steps {
  const redactor = createRedactor(config)
  const within = new Set(config.in)
  return {
    ...(within.has('arguments') && {
      onRequest: (_, request) => redactAll(request, ARGUMENTS, redactor),
    }),
    ...(within.has('results') && {
      onAnswer: (_, response) => redactAnswer(response, redactor),
      onEvent: (_, message, method) => redactEvent(message, method, redactor),
    }),
    ...(within.has('logs') && { onLog: redactor.text }),
  }
}

const ARGUMENTS: readonly Path[] = [
  ['params', 'arguments'],
  ['params', 'argument', 'value'],
  ['params', 'context', 'arguments'],
]

/** What a server says before its result: the rest of these messages are ids, levels and schemas. */
const EVENTS: ReadonlyMap<string, readonly Path[]> = new Map([
  ['notifications/progress', [['params', 'message']]],
  ['notifications/message', [['params', 'data']]],
  ['elicitation/create', [['params', 'message']]],
  ['sampling/createMessage', [['params', 'systemPrompt']]],
])
const EVENT_BLOCKS: readonly Path[] = [['params', 'messages']]

/** Values in which everything is text or a name for the reader. */
const WHOLE: readonly Path[] = [
  ['result', 'structuredContent'],
  ['result', 'description'],
  ['result', 'completion', 'values'],
  ['error', 'message'],
  ['error', 'data'],
]
/** Lists of blocks in which some members are, the others types, URIs and base64. */
const BLOCKS: readonly Path[] = [
  ['result', 'content'],
  ['result', 'contents'],
  ['result', 'messages'],
]
const ASKED: Path = ['result', 'inputRequests']

function redactAll(json: Uint8Array, paths: readonly Path[], redactor: Redactor): Uint8Array {
  if (paths.length === 0) return json
  const edits: Edit[] = []
  for (const span of findSpans(json, paths)) {
    if (span !== undefined) redactValue(json, span.start, redactor, edits)
  }
  return edits.length === 0 ? json : splice(json, edits)
}

function redactEvent(json: Uint8Array, method: string, redactor: Redactor): Uint8Array {
  const paths = EVENTS.get(method)
  if (paths === undefined) return json
  const edits: Edit[] = []
  for (const list of findSpans(json, EVENT_BLOCKS)) redactBlocks(json, list, redactor, edits)
  for (const span of findSpans(json, paths)) {
    if (span !== undefined) redactValue(json, span.start, redactor, edits)
  }
  return edits.length === 0 ? json : splice(json, edits)
}

function redactAnswer(json: Uint8Array, redactor: Redactor): Uint8Array {
  const edits: Edit[] = []
  const found = findSpans(json, [...WHOLE, ...BLOCKS, ASKED])
  found.slice(0, WHOLE.length).forEach((span) => {
    if (span !== undefined) redactValue(json, span.start, redactor, edits)
  })
  for (const list of found.slice(WHOLE.length, -1)) redactBlocks(json, list, redactor, edits)
  const asked = found.at(-1)
  if (asked !== undefined) redactAsked(json, asked, redactor, edits)
  return edits.length === 0 ? json : splice(json, edits)
}

function redactBlocks(
  json: Uint8Array,
  list: Span | undefined,
  redactor: Redactor,
  edits: Edit[],
): void {
  if (list === undefined) return
  for (const block of listElements(json, list.start)) redactBlock(json, block, redactor, edits)
}

/** A content block, a resource's contents, or a message of a prompt. */
function redactBlock(json: Uint8Array, block: Span, redactor: Redactor, edits: Edit[]): void {
  const inner = json.subarray(block.start, block.end)
  const moved: Edit[] = []
  const [text, resource, title, description, content] = findSpans(inner, [
    ['text'],
    ['resource', 'text'],
    ['title'],
    ['description'],
    ['content'],
  ])
  for (const span of [text, resource, title, description]) {
    if (span !== undefined) redactText(inner, span, redactor, moved)
  }
  for (const { span, text: shown } of moved)
    edits.push({ span: move(span, block.start), text: shown })
  if (content === undefined) return
  const own = move(content, block.start)
  const blocks = isObjectAt(json, own.start) ? [own] : listElements(json, own.start)
  for (const nested of blocks) redactBlock(json, nested, redactor, edits)
}

/** What a server asks its client in the place of a result (2026-07-28, patterns/mrtr). */
function redactAsked(json: Uint8Array, asked: Span, redactor: Redactor, edits: Edit[]): void {
  if (!isObjectAt(json, asked.start)) return
  const parsed = JSON.parse(decoder.decode(json.subarray(asked.start, asked.end))) as object
  for (const key of Object.keys(parsed)) {
    const params = [...ASKED, key, 'params']
    const [message, prompt, messages] = findSpans(
      json,
      ['message', 'systemPrompt', 'messages'].map((name) => [...params, name]),
    )
    for (const span of [message, prompt]) if (span) redactText(json, span, redactor, edits)
    redactBlocks(json, messages, redactor, edits)
  }
}

const decoder = new TextDecoder()

function move({ start, end }: Span, by: number): Span {
  return { start: start + by, end: end + by }
}
