/** Durations as people type and read them: `15m`, `24h`, `30d`. Pure. */
import { InvalidArgumentError } from 'commander'

const UNIT_MS: Record<string, number> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

/** Milliseconds. One whole number and one unit, so that `1.5h` and `1h30m` have one spelling: `90m`. */
export function parseDuration(text: string): number {
  const [, amount, unit = ''] = /^(\d{1,6})(ms|s|m|h|d)$/.exec(text) ?? []
  const unitMs = UNIT_MS[unit]
  if (unitMs !== undefined) return Number(amount) * unitMs
  throw new InvalidArgumentError('It must be a whole number and a unit, such as 15m, 24h or 30d.')
}

/** The same, but not nothing. */
export function parseSpan(text: string): number {
  const ms = parseDuration(text)
  if (ms > 0) return ms
  throw new InvalidArgumentError('It must be more than 0.')
}

/** `40s`, `5m`, `2h 13m`, `3d 4h`: as much as tells. */
export function toSpan(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  const [minutes, hours, days] = [seconds / 60, seconds / 3600, seconds / 86_400].map(Math.floor)
  if (days) return `${days}d ${(hours ?? 0) % 24}h`
  if (hours) return `${hours}h ${(minutes ?? 0) % 60}m`
  return minutes ? `${minutes}m` : `${seconds}s`
}
