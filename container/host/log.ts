const LEVELS = ['error', 'warn', 'info', 'debug'] as const
export type LogLevel = (typeof LEVELS)[number]

/** One JSON line on standard error. Facts hold no payload, environment or arguments. */
export type Log = (level: LogLevel, event: string, facts?: Record<string, unknown>) => void

/** An unknown level means `info`. */
export function createLog(level: string | undefined): Log {
  const known = LEVELS.indexOf((level ?? 'info') as LogLevel)
  const max = known === -1 ? LEVELS.indexOf('info') : known
  return (lineLevel, event, facts) => {
    if (LEVELS.indexOf(lineLevel) > max) return
    const time = new Date().toISOString()
    process.stderr.write(`${JSON.stringify({ time, level: lineLevel, event, ...facts })}\n`)
  }
}
