/** Bounds what a result may cost its reader: cuts it, or keeps the whole elsewhere and links to it. */
import { findSpans, listElements, readValue, type Span } from '#protocol/json-splice.ts'
import { SPILL_URI, type ResultSize } from '#protocol/transform.ts'
import type { CallContext, Spilled, Stage } from '../stage.ts'
import { shorten } from './shorten.ts'

/** The first revision with links in results. */
const LINKS_SINCE = '2025-06-18'
/** How much of a spilled result is shown all the same. */
const MAX_PREVIEW_BYTES = 2_048
const NAME_CHARS = 64

export function createResultSize(config: ResultSize): Pick<Stage, 'onAnswer'> {
  return {
    onAnswer: (context, response) => {
      if (response.length <= config.maxBytes || context.target?.startsWith(SPILL_URI) === true) {
        return response
      }
      const [result, type] = findSpans(response, [['result'], ['result', 'resultType']])
      if (result === undefined || result.end - result.start <= config.maxBytes) return response
      // A question has no other place than the answer.
      if (type !== undefined && readValue(response, type) !== 'complete') return response
      if (config.whenLarger === 'spill' && context.method === 'tools/call') {
        const spilled = spillResult(context, response, result, config)
        if (spilled !== undefined) return spilled
      }
      return shorten(response, config.maxBytes, toNote).response
    },
  }
}

function toNote(leftOutBytes: number, wholeBytes: number): string {
  return `[hearth: ${leftOutBytes} of ${wholeBytes} bytes were left out of this result]`
}

function spillResult(
  context: CallContext,
  response: Uint8Array,
  result: Span,
  { keepMs, maxBytes }: ResultSize,
): Uint8Array | undefined {
  const content = toSpilled(response, result)
  const uri = context.spill?.(content, keepMs)
  if (uri === undefined) return undefined
  const size = content.data.length
  const hasLinks = (context.protocol ?? LINKS_SINCE) >= LINKS_SINCE
  const note = (): string =>
    `[hearth: the whole result has ${size} bytes; for ${Math.round(keepMs / 1_000)} s it can be read ` +
    `as the resource ${hasLinks ? 'that is linked to' : (context.showURI?.(uri) ?? uri)}]`
  const link = {
    type: 'resource_link',
    uri,
    name: `result-of-${context.target ?? 'tool'}`.slice(0, NAME_CHARS),
    description: 'The whole result of this call',
    mimeType: content.mimeType,
    size,
  }
  const more = hasLinks ? [JSON.stringify(link)] : []
  return shorten(response, Math.min(MAX_PREVIEW_BYTES, maxBytes), note, more).response
}

/** A result that is one text is that text; any other one is its JSON. */
function toSpilled(response: Uint8Array, result: Span): Spilled {
  const [content, structured] = findSpans(response, [
    ['result', 'content'],
    ['result', 'structuredContent'],
  ])
  const blocks = content === undefined ? [] : listElements(response, content.start)
  const [only] = blocks
  if (only !== undefined && blocks.length === 1 && structured === undefined) {
    const block = response.subarray(only.start, only.end)
    const [text] = findSpans(block, [['text']])
    const value = text && readValue(block, text)
    if (typeof value === 'string') return { mimeType: 'text/plain', data: encoder.encode(value) }
  }
  return { mimeType: 'application/json', data: response.slice(result.start, result.end) }
}

const encoder = new TextEncoder()
