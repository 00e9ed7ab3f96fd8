/**
 * A transformer of one's own: adds an amount in another currency to results that have one.
 * `{"use": "custom", "name": "convert-currency", "options": {"from": "usd", "to": "eur", "rate": 0.92}}`
 */
import type { Transformer } from '#durable-objects/server-host/transform/transformer.ts'

export const convertCurrency: Transformer = {
  name: 'convert-currency',

  configure({ from, to, rate }) {
    if (typeof from !== 'string' || typeof to !== 'string' || typeof rate !== 'number') {
      throw new TypeError('convert-currency takes "from", "to" and "rate"')
    }
    return {
      // Currencies are written in capitals where the server expects them so.
      onRequest: (_, { arguments: given }) => {
        const { currency } = toObject(given)
        if (typeof currency !== 'string') return undefined
        return { arguments: { ...toObject(given), currency: currency.toUpperCase() } }
      },

      // Only `structuredContent` is written anew: the rest of the result stays byte for byte.
      onResult: (_, { structuredContent }) => {
        const amounts = toObject(structuredContent)
        const amount = amounts[from]
        if (typeof amount !== 'number') return undefined
        const converted = Math.round(amount * rate * 100) / 100
        return { structuredContent: { ...amounts, [to]: converted } }
      },

      onEvent: (_, { method, params }) =>
        method === 'notifications/progress' && typeof params.message === 'string'
          ? { message: params.message.replaceAll('$', 'US$') }
          : undefined,
    }
  },
}

function toObject(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}
