/** `hearth tools`: which definitions of tools are approved, what has changed, and what is odd. */
import type { Command } from 'commander'
import { z } from 'zod'
import { openGateway, withGateway, type GatewayOptions } from '../admin/gateway.ts'
import { hint, print, read, toJSONLine } from '../admin/show.ts'
import { Failure } from '../failure.ts'
import { toPlain, toTable, toTime, type Cell } from '../table.ts'

const Tool = z.looseObject({
  server: z.string(),
  tool: z.string(),
  state: z.string(),
  fingerprint: z.string().optional(),
  approvedAt: z.number().optional(),
  isListed: z.boolean(),
  pending: z.array(z.looseObject({ fingerprint: z.string(), since: z.number(), diff: z.string() })),
  lastChange: z.looseObject({ at: z.number().optional(), diff: z.string() }).optional(),
})
type Tool = z.infer<typeof Tool>
const Tools = z.looseObject({
  savings: z.looseObject({ tools: z.number(), tokens: z.number(), savedTokens: z.number() }),
  tools: z.array(Tool),
  findings: z.array(z.looseObject({ text: z.string() })),
})
const Approved = z.looseObject({ server: z.string(), tool: z.string(), fingerprint: z.string() })

/** Enough to tell two definitions of one tool apart: approve takes it. */
const SHOWN_CHARS = 12
/** More are in the answer with --json. */
const MAX_SHOWN_FINDINGS = 20

const LIST_HELP = `
Examples:
  hearth tools list
  hearth tools list --server github
  hearth tools list --changed`

const APPROVE_HELP = `
Examples:
  hearth tools diff github create_issue
  hearth tools approve github create_issue
  hearth tools approve github create_issue --fingerprint 5f0c11aa9b3e

With --fingerprint exactly the definition that list or diff showed is approved, and no other that the
server may show by now. The first 8 digits are enough where no other definition begins with them.`

interface ListOptions extends GatewayOptions {
  server?: string
  changed?: boolean
}

interface ApproveOptions extends GatewayOptions {
  fingerprint?: string
}

export function addToolsCommand(program: Command): void {
  const tools = program
    .command('tools')
    .description('Definitions of tools, and their changes: list, diff, approve.')
    .helpCommand(false)
  withGateway(
    tools
      .command('list')
      .description('List the tools that the servers have shown, and what is odd about them.')
      .option('--server <server>', 'only those of one server')
      .option('--changed', 'only those whose definition waits for approval')
      .addHelpText('after', LIST_HELP),
  ).action(list)
  withGateway(
    tools
      .command('diff <server> <tool>')
      .description("Show what has changed in a tool's definition since it was approved."),
  ).action(diff)
  withGateway(
    tools
      .command('approve <server> <tool>')
      .description('Approve the definition that a tool has now.')
      .option('--fingerprint <fingerprint>', 'only if it is this one')
      .addHelpText('after', APPROVE_HELP),
  ).action(approve)
}

async function list({ server, changed, ...options }: ListOptions): Promise<void> {
  const { api, path } = await openGateway(options)
  const answer = await api.send({ path: path('tools'), query: { server } })
  if (options.json) return print(toJSONLine(answer))
  const { tools, findings, savings } = read(Tools, answer)
  const shown = changed ? tools.filter(({ pending }) => pending.length > 0) : tools
  print(toTable(['SERVER', 'TOOL', 'STATE', 'LISTED', 'FINGERPRINT', 'APPROVED'], shown.map(toRow)))
  for (const { text } of findings.slice(0, MAX_SHOWN_FINDINGS)) hint(toPlain(text))
  const more = findings.length - MAX_SHOWN_FINDINGS
  if (more > 0) hint(`${more} more findings: --json has all of them`)
  const { tools: count, tokens, savedTokens } = savings
  hint(`${count} tools take some ${tokens} tokens; lazy tools would save ${savedTokens} of them`)
}

/** The fingerprint is of what waits for approval, or else of what is approved. */
function toRow({ server, tool, state, isListed, fingerprint, approvedAt, pending }: Tool): Cell[] {
  return [
    ...[server, tool, state, isListed ? 'yes' : 'no'],
    (pending.at(-1)?.fingerprint ?? fingerprint)?.slice(0, SHOWN_CHARS),
    toTime(approvedAt),
  ]
}

async function diff(server: string, tool: string, options: GatewayOptions): Promise<void> {
  const { api, path } = await openGateway(options)
  const answer = await api.send({ path: path('tools'), query: { server } })
  const found = read(Tools, answer).tools.find((one) => one.tool === tool)
  if (found === undefined) throw new Failure(`${server} has shown no tool "${tool}"`)
  if (options.json) return print(`${JSON.stringify(found)}\n`)
  const { pending, lastChange } = found
  for (const { fingerprint, since, diff: lines } of pending) {
    const how = found.fingerprint === undefined ? 'appeared' : 'changed'
    print(`${how} ${toTime(since)}, not approved: ${fingerprint}\n${toPlainLines(lines)}\n`)
  }
  if (pending.length > 0) return
  if (lastChange === undefined) return print('it is as it was approved\n')
  print(`changed, and approved ${toTime(lastChange.at) ?? ''}\n${toPlainLines(lastChange.diff)}\n`)
}

async function approve(server: string, tool: string, options: ApproveOptions): Promise<void> {
  const { fingerprint, ...rest } = options
  if (fingerprint !== undefined && !/^[0-9a-f]{8,64}$/.test(fingerprint)) {
    const needed = 'at least the first 8 digits of what "hearth tools list" shows'
    throw new Failure(`--fingerprint ${fingerprint}: give ${needed}`)
  }
  const { api, path } = await openGateway(rest)
  const at = path('tools', server, tool, 'approve')
  const body = fingerprint === undefined ? {} : { fingerprint }
  const answer = await api.send({ method: 'POST', path: at, body })
  if (rest.json) return print(toJSONLine(answer))
  const approved = read(Approved, answer)
  print(
    toPlain(`${approved.tool} of ${approved.server} is approved: ${approved.fingerprint}`) + '\n',
  )
}

function toPlainLines(text: string): string {
  return text.split('\n').map(toPlain).join('\n')
}
