/**
 * Path traversal: `file:///public/../etc/passwd` matches `file:///public/*`, and a server that
 * resolves it reads something else. Pure.
 */

/** `.` or `..` between what may separate the parts of a path or of a query. */
const DOT_SEGMENT = /(?:^|[^A-Za-z0-9._~-])\.{1,2}(?:$|[^A-Za-z0-9._~-])/
const ESCAPED_ASCII = /%([0-7][0-9a-f])/gi
/** Escapes of escapes, this deep. What is escaped more often hides something. */
const MAX_ESCAPES = 3

/** Whether a URI may be resolved to another one, escapes and escaped escapes included. Linear. */
export function hasDotSegment(uri: string): boolean {
  if (!uri.includes('.') && !uri.includes('%')) return false
  let plain = uri
  for (let depth = 0; depth <= MAX_ESCAPES; depth++) {
    const next = plain.replace(ESCAPED_ASCII, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    )
    if (next === plain) return DOT_SEGMENT.test(plain)
    plain = next
  }
  return true
}
