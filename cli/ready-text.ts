/** What `hearth up` says once it is ready: for people, or as one line of JSON. */

export interface Ready {
  /** Origin, without a slash at the end. */
  url: string
  token: string
  servers: string[]
}

const mcpURL = (ready: Ready, server: string): string => `${ready.url}/mcp/${server}`

export function toReadyLine(ready: Ready): string {
  const servers = ready.servers.map((name) => ({ name, url: mcpURL(ready, name) }))
  return `${JSON.stringify({ url: ready.url, token: ready.token, servers })}\n`
}

export function toReadyText(ready: Ready, configFile: string): string {
  const width = Math.max(0, ...ready.servers.map((name) => name.length))
  const list = ready.servers.map((name) => `    ${name.padEnd(width)}  ${mcpURL(ready, name)}`)
  return [
    '',
    `  Hearth serves ${configFile}`,
    '',
    `  URL      ${ready.url}`,
    `  Token    ${ready.token}`,
    `  Servers`,
    ...(list.length === 0 ? ['    none is enabled'] : list),
    '',
    '  For a client that takes "mcpServers":',
    '',
    indent(JSON.stringify(toClientConfig(ready), null, 2)),
    '',
    '  For Claude Code:',
    '',
    ...ready.servers.map((name) => `    ${toClaudeCommand(ready, name)}`),
    '',
    '',
  ].join('\n')
}

function toClientConfig(ready: Ready): unknown {
  const headers = { Authorization: `Bearer ${ready.token}` }
  return {
    mcpServers: Object.fromEntries(
      ready.servers.map((name) => [name, { type: 'http', url: mcpURL(ready, name), headers }]),
    ),
  }
}

function toClaudeCommand(ready: Ready, name: string): string {
  const header = `"Authorization: Bearer ${ready.token}"`
  return `claude mcp add --transport http ${name} ${mcpURL(ready, name)} --header ${header}`
}

function indent(text: string): string {
  return text.replace(/^/gm, '    ')
}
