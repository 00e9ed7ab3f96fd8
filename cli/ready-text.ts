/** What `hearth up` says once it is ready: for people, or as one line of JSON. */

export interface Ready {
  /** Origin, without a slash at the end. */
  url: string
  token: string
  servers: string[]
}

/** Of all servers as one, or of one of them. */
const mcpURL = (ready: Ready, server?: string): string =>
  server === undefined ? `${ready.url}/mcp` : `${ready.url}/mcp/${server}`

/** What clients call all of them. */
const CLIENT_NAME = 'hearth'

export function toReadyLine(ready: Ready): string {
  const { url, token } = ready
  const servers = ready.servers.map((name) => ({ name, url: mcpURL(ready, name) }))
  return `${JSON.stringify({ url, token, mcp: mcpURL(ready), servers })}\n`
}

export function toReadyText(ready: Ready, configFile: string): string {
  const width = Math.max(0, ...ready.servers.map((name) => name.length))
  const list = ready.servers.map((name) => `    ${name.padEnd(width)}  ${mcpURL(ready, name)}`)
  return [
    '',
    `  Hearth serves ${configFile}`,
    '',
    `  URL      ${mcpURL(ready)}`,
    `  Token    ${ready.token}`,
    `  Each server by itself`,
    ...(list.length === 0 ? ['    none is enabled'] : list),
    '',
    '  To see what runs: npx hearth status',
    '',
    '  Paste this into a client that reads "mcpServers":',
    '',
    indent(JSON.stringify(toClientConfig(ready), null, 2)),
    '',
    '  Or, for Claude Code:',
    '',
    `    ${toClaudeCommand(ready)}`,
    '',
    '',
  ].join('\n')
}

function toClientConfig(ready: Ready): unknown {
  const headers = { Authorization: `Bearer ${ready.token}` }
  return { mcpServers: { [CLIENT_NAME]: { type: 'http', url: mcpURL(ready), headers } } }
}

function toClaudeCommand(ready: Ready): string {
  const header = `"Authorization: Bearer ${ready.token}"`
  return `claude mcp add --transport http ${CLIENT_NAME} ${mcpURL(ready)} --header ${header}`
}

function indent(text: string): string {
  return text.replace(/^/gm, '    ')
}
