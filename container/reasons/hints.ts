/** What to do about a server that does not start. Pure: a table, and the first entry of it that fits. */
import { HINTS } from './hint-table.ts'

const MAX_SEARCHED_CHARS = 64 * 1024

export interface FoundHint {
  hint: string
  /** The line that says so. */
  line: string
}

/** `lines`: how it ended, and then what it printed. */
export function findHint(lines: readonly string[], server: string): FoundHint | undefined {
  const text = lines.join('\n').slice(0, MAX_SEARCHED_CHARS)
  for (const { pattern, hint } of HINTS) {
    const found = pattern.exec(text)
    if (found === null) continue
    const filled = hint
      .replace(/\$(\d)/g, (_, group: string) => found[Number(group)] ?? '')
      .replaceAll('{server}', JSON.stringify(server))
    return { hint: filled, line: lineAt(text, found.index) }
  }
  return undefined
}

function lineAt(text: string, at: number): string {
  const end = text.indexOf('\n', at)
  return text.slice(text.lastIndexOf('\n', at - 1) + 1, end === -1 ? undefined : end)
}
