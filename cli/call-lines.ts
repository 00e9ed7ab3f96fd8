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

/** Whether a line is of a call: then it is told in words of ours, or not at all. */
export function hearCall(text: string, log: Pick<Log, 'write'>): boolean {
  if (!text.includes('"event":"call"')) return false
  const line = Line.safeParse(parseLine(text))
  if (!line.success) return false
  const shown = toCallText(line.data)
  if (shown !== undefined) log.write('info', shown)
  return true
}

/** `undefined` for what a client does before and beside its calls (lists, pings, subscriptions), where it went well. */
function toCallText(call: z.infer<typeof Line>): string | undefined {
  const { server, method, target, outcome, gatewayMs, processMs } = call
  const isFailure = outcome !== 'ok' && outcome !== 'cancelled'
  if (target === undefined && !isFailure) return undefined
  const isTool = method === 'tools/call' && target !== undefined
  const what = [server, isTool ? undefined : method, target].filter((part) => part !== undefined)
  const ms = Math.round(gatewayMs + processMs)
  return `${what.join(' ')}: ${outcome} ${isFailure ? 'after' : 'in'} ${ms} ms`
}
