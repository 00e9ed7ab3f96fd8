/** Twelve servers with 500 tools among them. */
import { fixture } from '#test/support/fixture-server.ts'

const DOMAINS = [
  ...['files', 'git', 'issues', 'mail', 'calendar', 'crm'],
  ...['payments', 'databases', 'monitoring', 'deployment', 'chat', 'documents'],
]

export const MANY_TOOLS = Object.fromEntries(
  DOMAINS.map((domain) => [domain, fixture('many-tools', { env: { DOMAINS: domain } })]),
)
