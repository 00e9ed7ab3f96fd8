/** `timeout` and the like of other clients → `timeoutMs`. */
import { TIMES } from './client-keys.ts'
import type { Draft } from './draft.ts'

/** Cline, Roo and Goose count seconds, at most an hour; clients that count milliseconds have no shorter ones. */
const MAX_SECONDS = 3_600

export function takeTimes({ rest, raw, notes }: Draft): void {
  const found: { call?: number; start?: number } = {}
  const take = (key: string, bounds: 'call' | 'start', toMs: (value: number) => number): void => {
    const given = rest[key]
    if (given === undefined) return
    delete rest[key]
    const value = Number(given)
    if (!Number.isFinite(value) || value <= 0) {
      if (given !== null) notes.push(`leaves out ${key}: it is no number`)
      return
    }
    if (rest.timeoutMs !== undefined)
      return void notes.push(`leaves out ${key}: timeoutMs is there`)
    const ms = Math.round(toMs(value))
    found[bounds] = ms
    notes.push(
      `reads ${key} ${value} as ${ms / 1_000} s for ${bounds === 'call' ? 'a call' : 'a start'}`,
    )
  }
  for (const [key, { bounds, unitMs }] of Object.entries(TIMES)) {
    take(key, bounds, (value) => value * unitMs)
  }
  take('timeout', 'call', (value) => (value <= MAX_SECONDS ? value * 1_000 : value))
  if (Object.keys(found).length > 0) raw.timeoutMs = found
  else if (rest.timeoutMs !== undefined) raw.timeoutMs = rest.timeoutMs
  delete rest.timeoutMs
}
