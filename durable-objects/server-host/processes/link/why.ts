/** What a host program tells of a failed start → the error of whoever waits for it. Pure. */
import { GatewayError, type ErrorCode, type GatewayErrorOptions } from '#protocol/errors.ts'
import type { Why } from '#protocol/link.ts'

export function toFault(
  code: ErrorCode,
  { detail, output, hint }: Why,
  more: Pick<GatewayErrorOptions, 'retryAfterMs' | 'isBlameless'> = {},
): GatewayError {
  // Many clients show the message alone.
  const text = [detail, hint].filter((part) => part !== undefined).reduce(asSentences, '')
  const data = { ...(output !== undefined && { output }), ...(hint !== undefined && { hint }) }
  return new GatewayError(code, {
    ...(text !== '' && { detail: text }),
    ...(Object.keys(data).length > 0 && { data }),
    ...more,
  })
}

/** The parts of it: its message without the hint, which is told by itself. */
export function describe({ message, data }: GatewayError): Omit<Why, 'detail'> & { error: string } {
  const { output, hint } = data ?? {}
  const isLast = typeof hint === 'string' && message.endsWith(hint)
  return {
    error: isLast ? message.slice(0, -hint.length).replace(/[.:]? $/, '') : message,
    ...(Array.isArray(output) && { output: output.map(String) }),
    ...(typeof hint === 'string' && { hint }),
  }
}

function asSentences(text: string, next: string): string {
  if (text === '') return next
  return /[.!?]$/.test(text) ? `${text} ${next}` : `${text}. ${next}`
}
