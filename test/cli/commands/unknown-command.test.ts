import { expect, test } from 'vitest'
import { toUnknownCommand } from '#cli/commands/unknown-command.ts'

const NAMES = ['up', 'tokens', 'tenants', 'secrets']

test.each([
  ['tokns', 'unknown command "tokns"; did you mean tokens?'],
  ['serve-it-all', 'unknown command "serve-it-all"; hearth --help lists them'],
  ['secrets', 'hearth up takes no command behind it: run npx hearth secrets'],
])('%s: %s', (word, message) => {
  expect(toUnknownCommand(word, NAMES)).toMatchObject({ message, exitCode: 2 })
})
