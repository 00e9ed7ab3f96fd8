/** Lines of the terminal, as they are worded. Nothing is started. */
import { expect, test } from 'vitest'
import { ServerConfigs } from '#protocol/server-config.ts'
import { hearCall } from '#cli/call-lines.ts'
import { findEntries } from '#cli/config/shapes.ts'
import { warnOf } from '#cli/config/warnings.ts'
import { InstallLines } from '#cli/install-lines.ts'
import type { Log } from '#cli/log.ts'
import { toReadyText } from '#cli/ready-text.ts'
import { StartFailures } from '#cli/start-failures.ts'

function listen() {
  const lines: string[] = []
  const log: Log = {
    write: (_level, text) => void lines.push(text),
    relay: () => undefined,
    relayAll: () => undefined,
    flush: () => Promise.resolve(),
  }
  return { lines, log, failures: new StartFailures(log) }
}

test('a command that is not found is told by the start that fails, and by nothing before it', () => {
  const { lines, log, failures } = listen()
  warnOf(ServerConfigs.parse({ broken: { command: 'no-such-program' } }), log)
  const error = 'The server could not be started: command not found: no-such-program'
  failures.tell({ server: 'broken', error, hint: 'Check "command"' })
  failures.tell({ server: 'broken', error, hint: 'Check "command"' })

  expect(lines).toEqual([
    'server "broken" does not start: command not found: no-such-program. Check "command"',
  ])
})

test('it is told at the start where only callers of its own start the server', () => {
  const { lines, log } = listen()
  const env = { TOKEN: '${principal:TOKEN}' }
  warnOf(ServerConfigs.parse({ own: { command: 'no-such-program', env } }), log)

  expect(lines).toEqual(['server "own": command not found: no-such-program'])
})

test('an installation that fails and is tried again is told once, and a later one again', () => {
  const { lines, log } = listen()
  const installs = new InstallLines(log)
  const tell = (event: string, more = {}) =>
    installs.hear(JSON.stringify({ event: `package_${event}`, package: 'some-server', ...more }))
  const heard = [tell('installing'), tell('installing'), tell('installed', { ms: 5_400 })]
  tell('installing')
  tell('installed', { ms: 20 })

  expect(heard).toEqual([true, true, true])
  expect(installs.hear('{"event":"call"}')).toBe(false)
  expect(lines).toEqual([
    'installing some-server …',
    'installed some-server in 5 s',
    'installing some-server …',
    'installed some-server in 1 s',
  ])
})

const CALL = { event: 'call', server: 'one', method: 'tools/call', outcome: 'ok', gatewayMs: 1.2 }

test.each([
  { line: { ...CALL, target: 'echo', processMs: 2.6 }, says: 'one echo: ok in 4 ms' },
  {
    line: { ...CALL, target: 'echo', outcome: 'server_exited', gatewayMs: 9.9 },
    says: 'one echo: server_exited after 10 ms',
  },
  {
    line: { ...CALL, method: 'resources/read', target: 'demo://a' },
    says: 'one resources/read demo://a: ok in 1 ms',
  },
  {
    line: { ...CALL, method: 'server/discover', outcome: 'server_start_failed' },
    says: 'one server/discover: server_start_failed after 1 ms',
  },
  { line: { ...CALL, method: 'tools/list' }, says: undefined },
  { line: { ...CALL, method: 'subscriptions/listen', outcome: 'cancelled' }, says: undefined },
])('a call is one line for people: $says', ({ line, says }) => {
  const { lines, log } = listen()

  expect(hearCall(JSON.stringify(line), log)).toBe(true)
  expect(lines).toEqual(says === undefined ? [] : [says])
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
