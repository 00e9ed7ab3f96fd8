/** The `hearth` command. */
import { Command, CommanderError } from 'commander'
import { upCommand } from './commands/up.ts'
import { Failure } from './failure.ts'

const program = new Command('hearth')
  .description('Keeps stdio MCP servers warm and serves them at a remote MCP URL.')
  .exitOverride()
  .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'hearth: ')) })
const up = upCommand().copyInheritedSettings(program)
program.addCommand(up, { isDefault: true }).addHelpText('after', () => `\n${up.helpInformation()}`)

try {
  await program.parseAsync()
} catch (error) {
  if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? 0 : 2)
  const known = error instanceof Failure
  const text = known || !(error instanceof Error) ? String(error) : (error.stack ?? error.message)
  for (const line of text.replace(/^Failure: /, '').split('\n')) console.error(`hearth: ${line}`)
  process.exit(known ? error.exitCode : 1)
}
