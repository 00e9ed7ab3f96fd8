/** Everything but the result goes to standard error: our own lines as text, call lines as JSON. */
import type { LogLevel } from './local-runtime.ts'

export interface Log {
  /** A line of the command's own. */
  write(level: LogLevel, text: string): void
  /** A line of the worker or the host program; `level` is theirs. */
  relay(level: string, text: string): void
}

const RANK: Record<LogLevel, number> = { error: 0, warn: 1, info: 2, debug: 3 }

export function createLog(threshold: LogLevel): Log {
  const isWanted = (level: LogLevel): boolean => RANK[level] <= RANK[threshold]
  return {
    write(level, text) {
      if (isWanted(level)) process.stderr.write(`hearth: ${text}\n`)
    },
    relay(level, text) {
      if (isWanted(toLogLevel(level))) process.stderr.write(`${text}\n`)
    },
  }
}

/** The console's method names, as workerd reports them. */
function toLogLevel(level: string): LogLevel {
  if (level === 'error' || level === 'warn' || level === 'debug') return level
  return 'info'
}
