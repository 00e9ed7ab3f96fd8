/** Which configuration `hearth up` serves. */
import { existsSync } from 'node:fs'
import { exampleConfig } from '../layout.ts'

export function chooseConfig(given: string | undefined): string {
  if (given !== undefined) return given
  return ['hearth.json', 'mcp-servers.json'].find((name) => existsSync(name)) ?? exampleConfig
}
