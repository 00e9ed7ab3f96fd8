/** `hearth secrets`: names and versions of secrets. Their values go in, and never come out. */
import type { Command } from 'commander'
import { z } from 'zod'
import { SECRET_NAME } from '#protocol/secrets.ts'
import { openGateway, withGateway, type Gateway, type GatewayOptions } from '../admin/gateway.ts'
import { print, read, toJSONLine } from '../admin/show.ts'
import { Failure } from '../failure.ts'
import { readSecret, type SecretSource } from '../secret-input.ts'
import { toTable, toTime } from '../table.ts'
import { addRewrapCommand } from './rewrap.ts'

const Secret = z.looseObject({
  name: z.string(),
  version: z.number(),
  keyId: z.string(),
  updatedAt: z.number(),
})
const SecretList = z.looseObject({ secrets: z.array(Secret) })

const SET_HELP = `
The value is asked for without an echo, or read from a pipe, or comes from --from-env or --from-file.
It is never an argument: those are in the process list and in the shell's history. One line break at
the end of a pipe is dropped; a file is taken as it is.

Examples:
  hearth secrets set GITHUB_TOKEN
  pass show github | hearth secrets set GITHUB_TOKEN
  hearth secrets set GITHUB_TOKEN --from-env GITHUB_TOKEN
  hearth secrets set SERVICE_KEY --from-file key.pem
  hearth secrets set GITHUB_TOKEN --principal me

Used in a server's configuration as \${secret:GITHUB_TOKEN}, a principal's own as
\${principal:GITHUB_TOKEN}.`

interface SecretOptions extends GatewayOptions {
  principal?: string
}

export function addSecretsCommand(program: Command): void {
  const secrets = program
    .command('secrets')
    .description('What configurations refer to: list, set, delete, rewrap.')
    .helpCommand(false)
  const leaf = (signature: string, description: string): Command =>
    secrets
      .command(signature)
      .description(description)
      .option('--principal <principal>', "a principal's own: token:6947d415, or me")
  withGateway(leaf('list', 'List names and versions; values are never shown.')).action(list)
  withGateway(
    leaf('set <name>', 'Set a secret to a new value.')
      .option('--from-env <variable>', 'take the value from a variable of the environment')
      .option('--from-file <file>', 'take the value from a file')
      .addHelpText('after', SET_HELP)
      // What is too much may be a value: commander would print it.
      .allowExcessArguments()
      .allowUnknownOption(),
  ).action(set)
  withGateway(leaf('delete <name>', 'Delete a secret.')).action(remove)
  addRewrapCommand(secrets)
}

/** `secrets/…`, or `principals/{principal}/secrets/…`. */
function pathOf(gateway: Gateway, { principal }: SecretOptions, ...parts: string[]): string {
  if (principal === undefined) return gateway.path('secrets', ...parts)
  return gateway.path('principals', principal, 'secrets', ...parts)
}

async function list(options: SecretOptions): Promise<void> {
  const gateway = await openGateway(options)
  const answer = await gateway.api.send({ path: pathOf(gateway, options) })
  if (options.json) return print(toJSONLine(answer))
  const { secrets } = read(SecretList, answer)
  const rows = secrets.map(({ name, version, keyId, updatedAt }) => {
    return [name, version, keyId, toTime(updatedAt)]
  })
  print(toTable(['NAME', 'VERSION', 'MASTER KEY', 'UPDATED'], rows))
}

async function set(
  name: string,
  options: SecretOptions & SecretSource,
  command: Command,
): Promise<void> {
  if (command.args.length > 1) {
    throw new Failure('secrets set takes a NAME and its options; the value is not an argument', 2)
  }
  requireSecretName(name)
  const gateway = await openGateway(options)
  const value = await readSecret(options, `Value of ${name} (not shown): `)
  const path = pathOf(gateway, options, name)
  const answer = await gateway.api.send({ method: 'PUT', path, body: { value } })
  if (options.json) return print(toJSONLine(answer))
  print(`secret ${name} is set: version ${read(Secret, answer).version}\n`)
}

/** The message does not repeat it: `NAME=value` would be told. */
function requireSecretName(name: string): void {
  if (SECRET_NAME.test(name)) return
  throw new Failure('a secret is named as NAME: A-Z, 0-9 and "_", a letter first, at most 64', 2)
}

async function remove(name: string, options: SecretOptions): Promise<void> {
  requireSecretName(name)
  const gateway = await openGateway(options)
  const path = pathOf(gateway, options, name)
  const answer = await gateway.api.send({ method: 'DELETE', path })
  print(options.json ? toJSONLine(answer) : `secret ${name} is deleted\n`)
}
