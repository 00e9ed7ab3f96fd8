/** The `hearth` command. */
import { Command, CommanderError } from 'commander'
import { addAuditCommand } from './commands/audit.ts'
import { addCallCommand } from './commands/call.ts'
import { addCatalogCommand } from './commands/catalog.ts'
import { addDoctorCommand } from './commands/doctor.ts'
import { addIssuersCommand } from './commands/issuers.ts'
import { addLimitsCommand } from './commands/limits.ts'
import { addLogsCommand } from './commands/logs.ts'
import { addRoutesCommand } from './commands/routes.ts'
import { addSecretsCommand } from './commands/secrets.ts'
import { addServersCommand } from './commands/servers.ts'
import { addStatusCommand } from './commands/status.ts'
import { addTenantsCommand } from './commands/tenants.ts'
import { addTokensCommand } from './commands/tokens.ts'
import { addToolsCommand } from './commands/tools.ts'
import { toUnknownCommand } from './commands/unknown-command.ts'
import { addUpOptions, type UpOptions } from './commands/up-options.ts'
import { Failure } from './failure.ts'
import { toVersionLine } from './version.ts'

/** Of the longest help: it is to fit a screen. */
const HELP_COLUMNS = 100

const program = new Command('hearth')
  .description('Keeps stdio MCP servers warm and serves them at a remote MCP URL.')
  .option('-v, --version', 'print the version, and the commit where it is known')
  .exitOverride()
  .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'hearth: ')) })

const up = addUpOptions(program.command('up', { isDefault: true })).allowExcessArguments()
up.action(async (options: UpOptions) => {
  const [word] = up.args
  if (word !== undefined) throw toUnknownCommand(word, commandNames())
  // Loaded when it is wanted: the other commands need no runtime, and answer at once.
  const { serve } = await import('./commands/up.ts')
  await serve(options)
})

addDoctorCommand(program)

program.commandsGroup('At a running gateway:')
addStatusCommand(program)
addCallCommand(program)
addLogsCommand(program)

program.commandsGroup('Control plane of a running gateway (hearth COMMAND --help has examples):')
addServersCommand(program)
addCatalogCommand(program)
addToolsCommand(program)
addRoutesCommand(program)
addTokensCommand(program)
addSecretsCommand(program)
addLimitsCommand(program)
addIssuersCommand(program)
addAuditCommand(program)
addTenantsCommand(program)
// Once all are added: their own help says what they take.
const wide = { helpWidth: HELP_COLUMNS }
program.configureHelp({ ...wide, subcommandTerm: (command) => command.name() })
up.configureHelp(wide)
program.addHelpText('after', () => {
  const [, options = ''] = up.helpInformation().split('\nOptions:\n')
  return `\nOptions of hearth up:\n${options.trimEnd()}`
})

function commandNames(): string[] {
  return program.commands.map((command) => command.name())
}

program.on('option:version', () => {
  process.stdout.write(`${toVersionLine()}\n`)
  process.exit(0)
})

program.hook('preAction', (_program, command) => {
  if (command !== up) process.stdout.on('error', endWithReader)
})

/** Whoever reads has seen enough: `hearth audit | head`. */
function endWithReader(error: NodeJS.ErrnoException): void {
  process.exit(error.code === 'EPIPE' ? 0 : 1)
}

try {
  await program.parseAsync()
} catch (error) {
  if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? 0 : 2)
  const known = error instanceof Failure
  const text = known || !(error instanceof Error) ? String(error) : (error.stack ?? error.message)
  for (const line of text.replace(/^Failure: /, '').split('\n')) console.error(`hearth: ${line}`)
  process.exit(known ? error.exitCode : 1)
}
