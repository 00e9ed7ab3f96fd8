import { LogOutlet } from '#protocol/log-outlet.ts'

const LEVELS = ['error', 'warn', 'info', 'debug'] as const
export type LogLevel = (typeof LEVELS)[number]

/** One JSON line on standard error. Facts hold no payload, environment or arguments. */
export type Log = (level: LogLevel, event: string, facts?: Record<string, unknown>) => void

/** An unknown level means `info`. */
export function createLog(level: string | undefined): Log {
  const known = LEVELS.indexOf((level ?? 'info') as LogLevel)
  const max = known === -1 ? LEVELS.indexOf('info') : known
  const outlet = new LogOutlet(process.stderr, (lines) =>
    toLine('warn', 'log_lines_lost', { lines }),
  )
  return (lineLevel, event, facts) => {
    if (LEVELS.indexOf(lineLevel) <= max) outlet.write(toLine(lineLevel, event, facts))
  }
}

function toLine(level: LogLevel, event: string, facts?: Record<string, unknown>): string {
  return JSON.stringify({ time: new Date().toISOString(), level, event, ...facts })
}
