/** The options of `hearth up`, parsed and checked. */
import { InvalidArgumentError, Option, type Command } from 'commander'
import { ORIGIN_FORM, readAllowedOrigin } from '#protocol/allowed-origins.ts'
import { TOKEN } from '#protocol/tenant.ts'
import { LOCAL_TENANT } from '../data-folder.ts'
import { Failure } from '../failure.ts'
import type { LogLevel } from '../local-runtime.ts'

export interface UpOptions {
  config?: string
  port: number
  host: string
  data: string
  /** For servers that are kept warm while nobody uses them. Mebibytes. */
  memory?: number
  token?: string
  publicUrl?: URL
  allowOrigin: string[]
  json?: boolean
  /** Whether a change of the configuration file takes effect at once. */
  watch: boolean
  logLevel: LogLevel
}

const EPILOGUE = `
Paste the printed configuration into an MCP client, and call a tool. Ctrl-C waits up to 10 s for
running calls, ends every process, and exits; a second Ctrl-C ends at once.

Configuration: {"mcpServers": {"name": {"command": "…", "args": […], "env": {…}, "cwd": "…"}}}, with
\${VAR} and \${VAR:-default} in each of them. \${HEARTH_DATA} is the data folder.
docs/hearth.schema.json describes every key.
`

export function addUpOptions(command: Command): Command {
  return command
    .description('Serve the configured servers on this machine (the default command).')
    .option(
      '--config <file>',
      'configuration (default: hearth.json, then mcp-servers.json, then the example)',
    )
    .option('--port <number>', 'port to listen on; 0 takes a free one', parsePort, 8787)
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--data <folder>', 'storage, secrets and caches', '.hearth')
    .option(
      '--memory <size>',
      'for servers that are kept warm while nobody uses them, such as 512M or 2G (default: an eighth of what is free, at most 384M)',
      parseMemory,
    )
    .option(
      '--token <token>',
      'bearer token for clients (default: made once, kept in the data folder)',
    )
    .option(
      '--public-url <url>',
      'origin as clients see it, through a proxy or a tunnel; printed, served, and what JWTs are for',
      parseOrigin,
    )
    .option(
      '--allow-origin <origin>',
      'browser pages of this origin may call, http://localhost:* for any local port; may be repeated',
      addOrigin,
      [],
    )
    .option('--json', 'print one JSON line on standard output once ready, and nothing else')
    .option('--no-watch', 'do not apply changes of the configuration file while it is served')
    .addOption(
      new Option('--log-level <level>', 'what is written to standard error')
        .choices(['error', 'warn', 'info', 'debug'])
        .default('info'),
    )
    .addHelpText('after', EPILOGUE)
}

export function parsePort(text: string): number {
  const port = Number(text)
  if (/^\d+$/.test(text) && port <= 65_535) return port
  throw new InvalidArgumentError('It must be a whole number from 0 to 65535.')
}

/** Mebibytes. */
function parseMemory(text: string): number {
  const [, amount, unit = 'M'] = /^(\d{1,6})([MG])i?B?$/i.exec(text) ?? []
  if (amount !== undefined) return Number(amount) * (unit.toUpperCase() === 'G' ? 1024 : 1)
  throw new InvalidArgumentError('It must be a size, such as 512M or 2G; 0M keeps none warm.')
}

function parseOrigin(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url && /^https?:$/.test(url.protocol) && url.href === `${url.origin}/`) return url
  throw new InvalidArgumentError('It must be an origin, such as https://mcp.example.com.')
}

function addOrigin(text: string, others: string[]): string[] {
  const origin = readAllowedOrigin(text)
  if (origin === undefined) throw new InvalidArgumentError(`It must be ${ORIGIN_FORM}.`)
  return [...others, origin]
}

/** The message does not repeat the text: it may be somebody's secret. */
export function requireToken(text: string): string {
  const [, tenant] = TOKEN.exec(text) ?? []
  if (tenant === LOCAL_TENANT) return text
  throw new Failure(
    `--token must have the form hearth_${LOCAL_TENANT}_{8 hex digits}_{64 hex digits}; without it one is made`,
    2,
  )
}
