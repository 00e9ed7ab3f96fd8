/** What zod found, as text that names paths and never a value: it may be a secret. Pure. */
import type * as z from 'zod'

const MAX_ISSUES = 5

type Issue = z.core.$ZodIssue

export function describeIssues(issues: readonly Issue[]): string {
  const all = issues.flatMap((issue) => spread(issue))
  const shown = all.slice(0, MAX_ISSUES).map(({ path, message }) => {
    return path.length === 0 ? message : `${path.map(String).join('.')}: ${message}`
  })
  if (all.length > MAX_ISSUES) shown.push(`and ${all.length - MAX_ISSUES} more`)
  return shown.join('; ')
}

/** Of a union: what is wrong with the form that was meant, which is the one that misses least. */
function spread(issue: Issue): Pick<Issue, 'path' | 'message'>[] {
  if (issue.code !== 'invalid_union') return [issue]
  const [first, ...others] = issue.errors
  if (first === undefined) return [issue]
  const meant = others.reduce((best, form) => (weigh(form) < weigh(best) ? form : best), first)
  return meant
    .flatMap((inner) => spread(inner))
    .map(({ path, message }) => ({ path: [...issue.path, ...path], message }))
}

function weigh(issues: readonly Issue[]): number {
  return issues.reduce((sum, issue) => {
    return sum + (issue.code === 'unrecognized_keys' ? issue.keys.length : 1)
  }, 0)
}
