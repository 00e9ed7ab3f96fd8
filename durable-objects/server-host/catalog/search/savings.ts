/** How much of a model's context two tools in the place of all save. Pure. */
import type { Savings } from '#protocol/tool-pins.ts'

export const SAVINGS_META = 'hearth/savings'

/** Of English and JSON, roughly, in the tokenizers of today's models. */
const BYTES_PER_TOKEN = 4

const encoder = new TextEncoder()

/** Of JSON texts. An estimate. */
export function countTokens(texts: readonly string[]): number {
  const bytes = texts.reduce((sum, text) => sum + encoder.encode(text).length, 0)
  return Math.ceil(bytes / BYTES_PER_TOKEN)
}

/** `all`: the definitions that are not listed; `shown`: those in their place. */
export function countSavings(all: readonly string[], shown: readonly string[]): Savings {
  const tokens = countTokens(all)
  return { tools: all.length, tokens, savedTokens: Math.max(0, tokens - countTokens(shown)) }
}
