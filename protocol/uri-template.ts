/** Which URIs a template (RFC 6570) stands for, as far as a decision needs it. Pure, conservative. */
import { hasDotSegment } from './dot-segment.ts'
import { includesPattern, isEverything, mayOverlap } from './pattern.ts'
import type { Access } from './access.ts'

/** `*` in the place of each expression, whatever it expands to. */
function toPattern(template: string): string {
  return template.replace(/\{[^{}]*\}/g, '*').replace(/[{}].*$/s, '*')
}

/** Whether a URI of the template could be read: then it is listed. */
export function mayAllowTemplate({ may }: Access, template: string): boolean {
  if (hasDotSegment(template)) return may.some(isEverything)
  const pattern = toPattern(template)
  return may.some((wide) => mayOverlap(wide, pattern))
}

/** Whether every URI of the template may be read: then its completions may be seen, which are of all. */
export function allowsTemplate({ may }: Access, template: string): boolean {
  if (hasDotSegment(template)) return may.some(isEverything)
  const pattern = toPattern(template)
  return may.some((wide) => includesPattern(wide, pattern))
}
