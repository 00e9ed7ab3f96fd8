/** `hearth issuers`: who may issue JWTs for a tenant, as one document. */
import type { Command } from 'commander'
import { z } from 'zod'
import { openGateway, withGateway, type GatewayOptions } from '../admin/gateway.ts'
import { print, read, toJSONLine } from '../admin/show.ts'
import { readJSONFile } from '../json-file.ts'
import { toTable } from '../table.ts'

const Issuer = z.looseObject({
  name: z.string(),
  issuer: z.string(),
  algorithms: z.array(z.string()),
  keys: z.looseObject({}),
})
const IssuersAnswer = z.looseObject({
  issuers: z.array(Issuer),
  withoutSecret: z.array(z.string()),
})

const SET_HELP = `
Examples:
  hearth issuers show --json > issuers.json
  hearth issuers set issuers.json
  echo '{"issuers": [{"name": "idp", "issuer": "https://idp.example", "algorithms": ["ES256"],
    "keys": {"jwksURL": "https://idp.example/jwks.json"}}]}' | hearth issuers set -

The file has all issuers of the tenant: the JWTs of one that is not in it end. An HS256 key is a secret:
set it with hearth secrets set, and name it in "keys": {"secret": "NAME"}.`

export function addIssuersCommand(program: Command): void {
  const issuers = program
    .command('issuers')
    .description('Who may issue JWTs: show, set.')
    .helpCommand(false)
  withGateway(issuers.command('show').description("Show a tenant's issuers.")).action(show)
  withGateway(
    issuers
      .command('set <file>')
      .description("Replace a tenant's issuers by those of a JSON file; - is standard input.")
      .addHelpText('after', SET_HELP),
  ).action(set)
}

async function show(options: GatewayOptions): Promise<void> {
  const { api, path } = await openGateway(options)
  const answer = await api.send({ path: path('issuers') })
  if (options.json) return print(toJSONLine(answer))
  const { issuers, withoutSecret } = read(IssuersAnswer, answer)
  const rows = issuers.map(({ name, issuer, algorithms, keys }) => {
    const source = Object.keys(keys).join(' ')
    const isMissing = withoutSecret.includes(name)
    return [name, issuer, algorithms.join(' '), isMissing ? `${source} (not set)` : source]
  })
  print(toTable(['NAME', 'ISSUER', 'ALGORITHMS', 'KEYS'], rows))
}

async function set(file: string, options: GatewayOptions): Promise<void> {
  const { api, path } = await openGateway(options)
  const body = readJSONFile(file)
  const answer = await api.send({ method: 'PUT', path: path('issuers'), body })
  print(options.json ? toJSONLine(answer) : 'the issuers are set: everywhere within 30 s\n')
}
