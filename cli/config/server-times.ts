/** `timeout` and the like of other clients → `timeoutMs`. */
import { TIMES } from './client-keys.ts'
import type { Draft } from './draft.ts'

/** Cline, Roo and Goose count seconds, at most an hour; clients that count milliseconds have no shorter ones. */
const MAX_SECONDS = 3_600

export function takeTimes({ rest, raw, notes, ignored }: Draft): void {
  const found: { call?: number; start?: number } = {}
  const take = (key: string, bounds: 'call' | 'start', unitOf: (value: number) => number): void => {
    const given = rest[key]
    if (given === undefined) return
    delete rest[key]
    const value = Number(given)
    if (!Number.isFinite(value) || value <= 0) {
      if (given !== null) ignored.push(`${key} (it is no number)`)
      return
    }
    if (rest.timeoutMs !== undefined) return void ignored.push(`${key} (timeoutMs is there)`)
    const unitMs = unitOf(value)
    const ms = Math.round(value * unitMs)
    found[bounds] = ms
    const unit = unitMs === 1 ? 'milliseconds' : 'seconds'
    notes.push(`read ${key} ${value} as ${unit}: a ${bounds} may take ${ms / 1_000} s`)
  }
  for (const [key, { bounds, unitMs }] of Object.entries(TIMES)) take(key, bounds, () => unitMs)
  take('timeout', 'call', (value) => (value <= MAX_SECONDS ? 1_000 : 1))
  if (Object.keys(found).length > 0) raw.timeoutMs = found
  else if (rest.timeoutMs !== undefined) raw.timeoutMs = rest.timeoutMs
  delete rest.timeoutMs
}
