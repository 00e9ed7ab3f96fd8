/** Calls, as a person follows them in a terminal. */
import { z } from 'zod'
import type { Log } from './log.ts'
import { parseLine } from './parse-line.ts'

/** A line of a call, as far as it is shown. */
const Line = z.looseObject({
  event: z.literal('call'),
  server: z.string().optional(),
  method: z.string().optional(),
  target: z.string().optional(),
  outcome: z.string(),
  gatewayMs: z.number(),
  processMs: z.number().default(0),
})

export function tellCalls(lines: readonly string[], log: Pick<Log, 'write'>): void {
  for (const line of lines) {
    const text = toCallText(line)
    if (text !== undefined) log.write('info', text)
  }
}

/**
 * `undefined` for what a client does before and beside its calls (lists, pings, subscriptions), where it
 * went well. A line that is not of a call stays as it is.
 */
export function toCallText(text: string): string | undefined {
  const line = Line.safeParse(parseLine(text))
  if (!line.success) return text
  const { server, method, target, outcome, gatewayMs, processMs } = line.data
  const isFailure = outcome !== 'ok' && outcome !== 'cancelled'
  if (target === undefined && !isFailure) return undefined
  const isTool = method === 'tools/call' && target !== undefined
  const what = [server, isTool ? undefined : method, target].filter((part) => part !== undefined)
  const ms = Math.round(gatewayMs + processMs)
  return `${what.join(' ')}: ${outcome} ${isFailure ? 'after' : 'in'} ${ms} ms`
}
