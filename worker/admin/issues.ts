/** What zod found in a request, as one line. Pure. */
import type * as z from 'zod'
import { describeIssues, type Checked } from '#protocol/issues.ts'

const MAX_ISSUES = 5

export function summariseIssues(issues: readonly z.core.$ZodIssue[], checked: Checked): string {
  const all = describeIssues(issues, checked)
  const shown = all.slice(0, MAX_ISSUES)
  if (all.length > MAX_ISSUES) shown.push(`and ${all.length - MAX_ISSUES} more`)
  return shown.join('; ')
}
