/** Everything but the result goes to standard error: our own lines as text, call lines as JSON. */
import { LogOutlet } from '#protocol/log-outlet.ts'
import type { LogLevel } from './local-runtime.ts'
import { toEscapes, toPlain } from './table.ts'

export interface Log {
  /** A line of the command's own, or several. Nothing in it is obeyed by a terminal. */
  write(level: LogLevel, text: string): void
  /** A line of the worker or the host program; `level` is theirs. */
  relay(level: string, text: string): void
  /** Several of them, none with a line break in it. */
  relayAll(level: string, lines: string[]): void
  /** Before the exit: resolves when what waits was read, or soon. */
  flush(): Promise<void>
}

/** The longest that an exit waits for a reader of the log. */
const FLUSH_MS = 1_000

/** Most lines are. */
const PLAIN = /^[ -~]*$/

const RANK: Record<LogLevel, number> = { error: 0, warn: 1, info: 2, debug: 3 }

export function createLog(threshold: LogLevel): Log {
  const outlet = new LogOutlet(
    process.stderr,
    (dropped) =>
      `hearth: ${dropped} lines of the log are missing here: standard error was not read fast enough`,
  )
  const isWanted = (level: LogLevel): boolean => RANK[level] <= RANK[threshold]
  return {
    write(level, text) {
      if (isWanted(level)) outlet.write(`hearth: ${text.split('\n').map(toPlain).join('\n')}`)
    },
    relay(level, text) {
      if (isWanted(toLogLevel(level))) outlet.write(toRelayed(text))
    },
    relayAll(level, lines) {
      if (!isWanted(toLogLevel(level))) return
      outlet.write(lines.map(toRelayed).join('\n'), lines.length)
    },
    flush: () => outlet.flush(FLUSH_MS),
  }
}

/** A line of JSON stays the same JSON. What follows a line break cannot pass for a line of its own. */
function toRelayed(text: string): string {
  if (PLAIN.test(text)) return text
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => {
    if (character === '\n') return '\n  '
    return character === '\t' ? character : toEscapes(character)
  })
}

/** The console's method names, as workerd reports them. */
function toLogLevel(level: string): LogLevel {
  if (level === 'error' || level === 'warn' || level === 'debug') return level
  return 'info'
}
