/** `hearth call`: calls a tool as a client would, over the gateway's MCP endpoint. */
import { writeFileSync } from 'node:fs'
import { text as readText } from 'node:stream/consumers'
import type { Command } from 'commander'
import { withGateway, type GatewayOptions } from '../admin/gateway.ts'
import { hint, print } from '../admin/show.ts'
import { parseSpan } from '../duration.ts'
import { describeError, Failure } from '../failure.ts'
import { findServerEndpoint, listServers, type ServerEndpoint } from '../mcp/endpoint.ts'
import { nearest } from '../mcp/nearest.ts'
import { showContent, toFileName, type Attachment } from '../mcp/show-content.ts'
import { parseObject, parseToolArguments } from '../mcp/tool-arguments.ts'
import type { CallToolResult, ServerClient, Tool } from '../mcp/server-client.ts'
import { toPlain, toTable } from '../table.ts'

/** Of a tool that shows no progress. A gateway gives up sooner, unless it is configured otherwise. */
const ANSWER_MS = 600_000
/** After so long without a word the command says what it waits for. */
const SILENCE_MS = 3_000
/** The longest that a timer of the engine counts. */
const LONGEST_MS = 2_147_483_647
/** Names in a message. */
const MAX_SERVERS = 20
/** Of a description in the list. */
const SHOWN_CHARS = 72

const HELP = `
Examples:
  hearth call everything                                 # the tools of a server
  hearth call everything echo message=hello
  hearth call everything get-sum '{"a": 2, "b": 3}'
  hearth call github create_issue - < issue.json         # the arguments from standard input
  hearth call everything get-tiny-image --out tiny.png

Progress is shown on standard error, with --json only in a terminal. The exit code is 1 when the tool fails, and when it cannot be
called.`

interface CallOptions extends GatewayOptions {
  timeout?: number
  out?: string
}

export function addCallCommand(program: Command): void {
  withGateway(
    program
      .command('call <server> [tool] [arguments...]')
      .description('Call a tool, as a client would; without TOOL list the tools of a server.')
      .option('--out <file>', 'write the images and other files of the answer')
      .option('--timeout <duration>', 'longest wait without a sign of progress', parseSpan)
      .addHelpText('after', HELP),
    { isClient: true },
  ).action(call)
}

async function call(
  server: string,
  name: string | undefined,
  words: string[],
  options: CallOptions,
): Promise<void> {
  const endpoint = await findServerEndpoint(server, options, process.env)
  // Loaded when it is wanted: the SDK takes longer than the other commands do.
  const { ServerClient, toRefusal } = await import('../mcp/server-client.ts')
  const tell = progressTeller(options)
  const silence = setTimeout(() => tell({ message: `waiting for ${server}` }), SILENCE_MS)
  const onProgress = (progress: ProgressOfCall): void => {
    clearTimeout(silence)
    tell(progress)
  }
  let client: ServerClient | undefined
  try {
    client = await ServerClient.connect({
      ...{ endpoint, onProgress },
      timeoutMs: Math.min(options.timeout ?? ANSWER_MS, LONGEST_MS),
    })
    const tools = await client.tools()
    if (name === undefined) return showTools(server, tools, options)
    showResult(await callTool(client, { server, name, words }, tools), options)
  } catch (error) {
    if (error instanceof Failure) throw error
    const refusal = toRefusal(error)
    if (refusal.code === 'server_not_found') throw await unknownServer(server, endpoint)
    throw toFailure(refusal, endpoint)
  } finally {
    clearTimeout(silence)
    await client?.close()
  }
}

async function callTool(
  client: ServerClient,
  { server, name, words }: { server: string; name: string; words: string[] },
  tools: Tool[] | undefined,
): Promise<CallToolResult> {
  const tool = tools?.find((one) => one.name === name)
  if (tools !== undefined && tool === undefined) throw unknownTool(server, name, tools)
  const isInput = words.length === 1 && words[0] === '-'
  const args = isInput
    ? parseObject(await readText(process.stdin), 'the arguments on standard input')
    : parseToolArguments(words, tool?.inputSchema)
  return client.call(name, args, tool)
}

async function unknownServer(server: string, endpoint: ServerEndpoint): Promise<Failure> {
  const names = await listServers(endpoint)
  const near = nearest(server, names)
  const hints =
    near.length > 0
      ? `did you mean ${near.join(' or ')}?`
      : names.length > 0
        ? `there are ${names.slice(0, MAX_SERVERS).join(', ')}`
        : 'hearth status shows which there are'
  return new Failure(`there is no server ${JSON.stringify(server)} for this token; ${hints}`)
}

function unknownTool(server: string, name: string, tools: readonly Tool[]): Failure {
  const names = tools.map((tool) => tool.name)
  const near = nearest(name, names).map(toPlain)
  const hints = near.length > 0 ? `did you mean ${near.join(' or ')}? ` : ''
  return new Failure(
    `${server} has no tool ${JSON.stringify(name)} that this token may call; ${hints}` +
      `hearth call ${server} lists its ${names.length} tools`,
  )
}

function showTools(server: string, tools: Tool[] | undefined, { json }: CallOptions): void {
  if (json) return print(`${JSON.stringify({ tools: tools ?? [] })}\n`)
  if (tools === undefined) return hint(`${server} says that it has no tools`)
  const rows = tools.map((tool) => [tool.name, toParameters(tool), toSummary(tool.description)])
  print(toTable(['TOOL', 'ARGUMENTS', 'DESCRIPTION'], rows))
}

/** `a b [c]`: what may be left out is in brackets. */
function toParameters({ inputSchema: { properties = {}, required = [] } }: Tool): string {
  return Object.keys(properties)
    .map((key) => (required.includes(key) ? key : `[${key}]`))
    .join(' ')
}

function toSummary(description = ''): string {
  const [line = ''] = description.trim().split('\n')
  return line.length > SHOWN_CHARS ? `${line.slice(0, SHOWN_CHARS - 1)}…` : line
}

/** A start is told of by each request that waits for it: once is enough. */
function progressTeller({ json }: CallOptions): (progress: ProgressOfCall) => void {
  const isWanted = json !== true || process.stderr.isTTY
  let told = ''
  return (progress) => {
    const text = toProgressText(progress)
    if (isWanted && text !== told) hint(text)
    told = text
  }
}

function toProgressText({ progress, total, message }: ProgressOfCall): string {
  const done = total === undefined ? `${progress}` : `${progress}/${total}`
  if (message === undefined) return `progress ${done}`
  return toPlain(total === undefined ? message : `${done} ${message}`)
}

interface ProgressOfCall {
  progress?: number
  total?: number | undefined
  message?: string | undefined
}

function showResult(result: CallToolResult, { json, out }: CallOptions): void {
  const { text, attachments } = showContent(result, out)
  if (out !== undefined) write(out, attachments)
  if (json) print(`${JSON.stringify(result)}\n`)
  else if (result.isError !== true) print(process.stdout.isTTY ? toSafeText(text) : text)
  if (result.isError !== true) return
  throw new Failure(json ? 'the tool failed' : `the tool failed: ${toSafeText(text.trimEnd())}`)
}

function write(out: string, attachments: readonly Attachment[]): void {
  if (attachments.length === 0) hint(`the answer has nothing for ${out}: it is text`)
  for (const [index, { bytes }] of attachments.entries()) {
    const file = toFileName(out, index + 1)
    try {
      writeFileSync(file, bytes)
    } catch (error) {
      throw new Failure(`cannot write ${file}: ${describeError(error)}`)
    }
  }
}

/** Lines and tabs stay; nothing else that a terminal would obey does. */
function toSafeText(text: string): string {
  return text.replace(/[^\n\t]+/g, toPlain)
}

interface RefusalOfCall {
  message: string
  code?: string
  data: Record<string, unknown>
}

/** With what the gateway knows of the reason: the server's last words, and what to do. */
function toFailure({ message, code, data }: RefusalOfCall, endpoint: ServerEndpoint): Failure {
  const lines = [code === undefined ? message : `${message} (${code})`]
  const output = [data.output].flat().filter((line): line is string => typeof line === 'string')
  const printed = output.flatMap((text) => text.split('\n'))
  // What is in the message already is not told again.
  const isNew = (text: string): boolean => !message.includes(text)
  lines.push(...printed.filter(isNew).map((line) => `  ${line}`))
  if (typeof data.hint === 'string' && isNew(data.hint)) lines.push(data.hint)
  if (code === 'unauthorized' && endpoint.isOwnToken) {
    lines.push('was hearth up started with --token? Then set HEARTH_TOKEN to that token')
  }
  return new Failure(lines.map(toSafeText).join('\n'))
}
