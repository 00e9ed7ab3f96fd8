/** `hearth tokens`: bearer tokens of a tenant. A whole token is told once, alone on standard output. */
import type { Command } from 'commander'
import { z } from 'zod'
import type { AdminAnswer } from '../admin/admin-api.ts'
import { openGateway, withGateway, type GatewayOptions } from '../admin/gateway.ts'
import { hint, print, read, toJSONLine } from '../admin/show.ts'
import { parseDuration, parseSpan } from '../duration.ts'
import { Failure } from '../failure.ts'
import { toPlain, toTable, toTime } from '../table.ts'

const Token = z.looseObject({
  keyId: z.string(),
  name: z.string(),
  principal: z.string(),
  grants: z.looseObject({ scopes: z.array(z.string()) }),
  expiresAt: z.number().optional(),
  lastUsedAt: z.number().optional(),
  revokedAt: z.number().optional(),
})
type Token = z.infer<typeof Token>

const TokenList = z.looseObject({ tokens: z.array(Token) })
const NewToken = z.looseObject({
  token: z.string(),
  info: Token,
  /** Of a rotation. */
  old: Token.optional(),
})

const CREATE_EXAMPLES = `
Examples:
  TOKEN=$(hearth tokens create ci --scope 'tools:call:github/*' --expires-in 30d)
  hearth tokens create laptop --deny-tool 'github/delete_*'
  hearth tokens create owner --scope '*' --scope admin

--scope and the lists may stand more than once. The token is printed once, alone on standard output. It is not stored: who loses it rotates it.`

interface CreateOptions extends GatewayOptions {
  scope?: string[]
  allowServer?: string[]
  allowTool?: string[]
  denyServer?: string[]
  denyTool?: string[]
  expiresIn?: number
}

export function addTokensCommand(program: Command): void {
  const tokens = program
    .command('tokens')
    .description('Bearer tokens: list, create, rotate, revoke.')
    .helpCommand(false)
  withGateway(tokens.command('list').description('List the tokens of a tenant.')).action(list)
  withGateway(addCreateOptions(tokens.command('create <name>'))).action(create)
  withGateway(
    tokens
      .command('rotate <keyId>')
      .description('Print a new token for the same principal; the old one ends later.')
      .option('--overlap <duration>', 'how long the old one stays valid', parseDuration, 3_600_000)
      .addHelpText('after', `\nExample:\n  TOKEN=$(hearth tokens rotate 6947d415 --overlap 24h)`),
  ).action(rotate)
  withGateway(
    tokens.command('revoke <keyId>').description('End a token: everywhere within 30 s.'),
  ).action(revoke)
}

function addCreateOptions(command: Command): Command {
  return command
    .description('Make a token, and print it once.')
    .option('--scope <scope>', 'what it may do (default: *, every server)', collect)
    .option('--allow-server <pattern>', 'of these servers alone', collect)
    .option('--allow-tool <server/tool>', 'of these tools alone', collect)
    .option('--deny-server <pattern>', 'never these servers', collect)
    .option('--deny-tool <server/tool>', 'never these tools', collect)
    .option('--expires-in <duration>', 'from now: 15m, 24h, 30d (default: never)', parseSpan)
    .addHelpText('after', CREATE_EXAMPLES)
}

function collect(value: string, earlier: string[] = []): string[] {
  return [...earlier, value]
}

async function list(options: GatewayOptions): Promise<void> {
  const { api, path } = await openGateway(options)
  const answer = await api.send({ path: path('tokens') })
  if (options.json) return print(toJSONLine(answer))
  const { tokens } = read(TokenList, answer)
  const header = ['KEY ID', 'NAME', 'PRINCIPAL', 'SCOPES', 'EXPIRES', 'LAST USED', 'STATE']
  print(
    toTable(
      header,
      tokens.map((token) => toRow(token, Date.now())),
    ),
  )
}

function toRow(token: Token, now: number): string[] {
  const { keyId, name, principal, grants, expiresAt, lastUsedAt } = token
  const scopes = grants.scopes.join(' ')
  const [expires = 'never', used = 'never'] = [toTime(expiresAt), toTime(lastUsedAt)]
  return [keyId, name, principal, scopes, expires, used, toState(token, now)]
}

function toState({ revokedAt, expiresAt }: Token, now: number): string {
  if (revokedAt !== undefined && revokedAt <= now) return 'revoked'
  return expiresAt !== undefined && expiresAt <= now ? 'expired' : 'valid'
}

async function create(name: string, options: CreateOptions): Promise<void> {
  const { api, path } = await openGateway(options)
  const { expiresIn } = options
  const body = {
    name,
    grants: toGrants(options),
    ...(expiresIn === undefined ? {} : { expiresAt: Date.now() + expiresIn }),
  }
  showNewToken(await api.send({ method: 'POST', path: path('tokens'), body }), options)
}

function toGrants(options: CreateOptions): object {
  const allow = toAccessList(options.allowServer, options.allowTool)
  const deny = toAccessList(options.denyServer, options.denyTool)
  return { scopes: options.scope ?? ['*'], ...(allow && { allow }), ...(deny && { deny }) }
}

function toAccessList(servers: string[] | undefined, tools: string[] | undefined) {
  if (servers === undefined && tools === undefined) return undefined
  return { ...(servers && { servers }), ...(tools && { tools }) }
}

async function rotate(keyId: string, options: GatewayOptions & { overlap: number }): Promise<void> {
  const { api, path } = await openGateway(options)
  const body = { overlapMs: options.overlap }
  const target = path('tokens', requireKeyId(keyId), 'rotate')
  showNewToken(await api.send({ method: 'POST', path: target, body }), options)
}

function showNewToken(answer: AdminAnswer, options: GatewayOptions): void {
  if (options.json) return print(toJSONLine(answer))
  const { token, info, old } = read(NewToken, answer)
  print(`${token}\n`)
  const ends =
    info.expiresAt === undefined ? 'does not expire' : `expires ${toTime(info.expiresAt)}`
  hint(`token ${info.keyId} (${toPlain(info.name)}) ${ends}; it is shown this once`)
  if (old !== undefined) hint(`token ${old.keyId} ends ${toTime(old.expiresAt) ?? 'never'}`)
}

async function revoke(keyId: string, options: GatewayOptions): Promise<void> {
  const { api, path } = await openGateway(options)
  const answer = await api.send({ method: 'DELETE', path: path('tokens', requireKeyId(keyId)) })
  print(options.json ? toJSONLine(answer) : `token ${keyId} is revoked: everywhere within 30 s\n`)
}

/** Does not repeat it: a whole token is easily pasted here, and would go into a URL. */
function requireKeyId(text: string): string {
  if (/^[0-9a-f]{8}$/.test(text)) return text
  throw new Failure('a key id is the 8 hex digits after the name of the tenant in a token', 2)
}
