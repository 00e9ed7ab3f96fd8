/** Lines of the terminal, as they are worded. Nothing is started. */
import { expect, test } from 'vitest'
import { findEntries } from '#cli/config/shapes.ts'
import { toReadyText } from '#cli/ready-text.ts'
import { StartFailures } from '#cli/start-failures.ts'

function listen() {
  const lines: string[] = []
  const failures = new StartFailures({
    write: (_level, text) => void lines.push(text),
    relay: () => undefined,
    relayAll: () => undefined,
    flush: () => Promise.resolve(),
  })
  return { lines, failures }
}

test('a command that was not found is told once, and again where there is a hint', () => {
  const { lines, failures } = listen()
  failures.noteTold('broken', 'command not found: nothing')
  failures.noteTold('python', 'command not found: uvx')
  const error = (command: string) =>
    `The server could not be started: command not found: ${command}`
  failures.tell({ server: 'broken', error: error('nothing') })
  failures.tell({ server: 'python', error: error('uvx'), hint: 'Install uv' })

  expect(lines).toEqual(['server "python" does not start: command not found: uvx. Install uv'])
})

test('what follows a colon begins in lowercase', () => {
  const { lines, failures } = listen()
  failures.tell({ server: 'slow', error: 'The server did not start in time' })

  expect(lines).toEqual(['server "slow" does not start: the server did not start in time'])
})

test('the screen of a gateway that is ready names the command that shows what runs', () => {
  const ready = { url: 'http://127.0.0.1:1', token: 't', servers: ['one'] }

  expect(toReadyText(ready, 'hearth.json')).toContain('npx hearth status')
})

test('a restriction of another client that is not taken over is said', () => {
  const server = { command: 'node' }
  const file = { mcpServers: { server }, mcpSettings: { allowedDomains: ['example.com'] } }

  expect(findEntries(file, '/').notes.join()).toContain('mcpSettings.allowedDomains')
  expect(findEntries({ mcpServers: { server } }, '/').notes).toEqual([])
})
