/** What `find_tools` is asked, and what it answers. Pure. */
import { isObject } from '#protocol/json-rpc.ts'
import { toErrorObject } from '#protocol/errors.ts'
import type { Missing } from '../page.ts'
import { DEFAULT_FOUND, MAX_FOUND } from './definitions.ts'

export interface Question {
  query: string
  limit: number
  server?: string
}

/** As the tool's schema has it; a text says what is wrong, for the model to mend. */
export function readQuestion(args: unknown): Question | string {
  const { query, limit, server } = isObject(args) ? args : {}
  if (typeof query !== 'string')
    return '"query" must be a string: what is to be done, in a few words'
  if (server !== undefined && typeof server !== 'string') return '"server" must be a string'
  const isNumber = typeof limit === 'number' && Number.isFinite(limit)
  if (limit !== undefined && !isNumber) return '"limit" must be a number'
  const wanted = isNumber ? Math.round(limit) : DEFAULT_FOUND
  return {
    query,
    limit: Math.min(MAX_FOUND, Math.max(1, wanted)),
    ...(server !== undefined && { server }),
  }
}

const SHOWN = ['name', 'title', 'description', 'inputSchema', 'annotations', '_meta'] as const

const GUESS_HINT = 'No tool has these words. These may be near: search again in other words.'

/** `texts`: entries as the catalog lists them. */
export function toFound(
  texts: readonly string[],
  missing: readonly Missing[],
  isGuess = false,
): Record<string, unknown> {
  const tools = texts.map((text) => {
    const tool = JSON.parse(text) as Record<string, unknown>
    return Object.fromEntries(
      SHOWN.flatMap((member) => (member in tool ? [[member, tool[member]]] : [])),
    )
  })
  const failed = missing.map(({ server, error }) => ({
    server,
    message: toErrorObject(error).message,
  }))
  const structuredContent = {
    tools,
    ...(isGuess && tools.length > 0 && { hint: GUESS_HINT }),
    ...(failed.length > 0 && { missing: failed }),
  }
  return {
    content: [{ type: 'text', text: JSON.stringify(structuredContent) }],
    structuredContent,
  }
}

export function toToolError(text: string): Record<string, unknown> {
  return { content: [{ type: 'text', text }], isError: true }
}
