/** A token of a well-known service is known by its beginning wherever values are shown. */
import { expect, test } from 'vitest'
import { describeIssues } from '#protocol/issues.ts'
import { secretValues } from '#protocol/secret-values.ts'
import { ServerConfigs } from '#protocol/server-config.ts'
import { launchOf } from '#test/support/host-program.ts'

const REST = 'AbCdEf0123456789AbCdEf0123456789'

test.each([
  ...['ghp_', 'gho_', 'github_pat_', 'glpat-', 'sk-', 'sk_live_', 'xoxb-', 'xapp-', 'shpat_'],
  ...['hf_', 'npm_', 'ntn_', 'hearth_'],
  'AKIA',
])('%s', (beginning) => {
  const token = beginning === 'AKIA' ? 'AKIAIOSFODNN7EXAMPLE' : beginning + REST
  const value = { a: { command: 'x', warm: token } }
  const issues = ServerConfigs.safeParse(value).error?.issues ?? []
  const lines = describeIssues(issues, { schema: ServerConfigs, value })
  const launch = launchOf('any', { args: [`say ${token}`] })

  expect(lines).not.toEqual([])
  expect(JSON.stringify(lines)).not.toContain(token)
  expect(secretValues(launch as Parameters<typeof secretValues>[0])).toContain(token)
})
