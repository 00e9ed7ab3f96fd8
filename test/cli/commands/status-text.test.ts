import { expect, test } from 'vitest'
import { toSpan } from '#cli/duration.ts'
import { nextSteps, Server, stateOf, type GatewayStatus } from '#cli/status/report.ts'
import { toStatusText } from '#cli/status/text.ts'

const NOW = 1_000_000_000
const MEGABYTE = 1024 * 1024
const server = (more: object) => Server.parse({ name: 'one', ready: true, eras: [], ...more })
const open = { health: 'unhealthy', breaker: { state: 'open', retryAfterMs: 61_000 } }

function status(servers: object[], more: Partial<GatewayStatus> = {}): GatewayStatus {
  const gateway = { url: 'http://h:1', version: '1.2.3', uptimeMs: 3_660_000 }
  return { gateway, tenant: 'local', servers: servers.map(server), ...more }
}

test.each([
  { name: 'one that is warm', given: {}, state: 'ready' },
  { name: 'one of an older gateway', given: { ready: false }, state: 'not started' },
  {
    name: 'one that runs and says nothing',
    given: { ready: false, processes: 1 },
    state: 'no answer yet',
  },
  { name: 'one that starts', given: { start: 'starting one' }, state: 'starting' },
  { name: 'one without a process', given: { processes: 0 }, state: 'resting' },
  { name: 'a personal one', given: { isPersonal: true }, state: 'on first call' },
  { name: 'one that failed', given: { ready: false, error: 'no' }, state: 'failed' },
  {
    name: 'one that is tried again',
    given: { error: 'no', start: 'starting one' },
    state: 'starting',
  },
  { name: 'one that is refused', given: { resilience: open }, state: 'failed' },
])('the state of $name: $state', ({ given, state }) => {
  expect(stateOf(server(given))).toBe(state)
})

test('one screen says where, how each server is, why one fails, and what to do', () => {
  const text = toStatusText(
    status(
      [
        {
          ...{ name: 'github', eras: ['legacy'], processes: 2, lists: { tools: 40 } },
          resilience: { health: 'healthy', answeredAt: NOW - 125_000 },
        },
        { name: 'slow', ready: false, start: 'installing slow-server' },
        {
          ...{ name: 'broken', ready: false, error: 'it exited with code 1' },
          ...{ output: ['API_KEY is not set'], hint: 'set API_KEY in its env' },
        },
        {
          ...{ name: 'odd', ready: false, error: 'it exited with code 2' },
          output: ['first', 'last\u001b[2J'],
        },
      ],
      {
        tenants: ['acme', 'local'],
        memory: { usedBytes: 500 * MEGABYTE, freeBytes: 2_000 * MEGABYTE },
      },
    ),
    NOW,
  )

  expect(text.split('\n')).toEqual([
    'Gateway  http://h:1, hearth 1.2.3, up 1h 1m',
    'Clients  http://h:1/mcp',
    'Tenant   local (others: acme)',
    'Memory   500 MB used by Hearth and its servers, 2000 MB free',
    '',
    'SERVER  STATE                   ERA     PROCESSES  TOOLS  LAST ANSWER',
    'github  ready                   legacy  2          40     2m ago',
    'slow    installing slow-server  -       -          -      -',
    'broken  failed                  -       -          -      -',
    'odd     failed                  -       -          -      -',
    '',
    'broken: it exited with code 1',
    'odd: it exited with code 2',
    '  first',
    '  last\\u{1b}[2J',
    '',
    'Next:',
    '  broken: set API_KEY in its env',
    '  hearth logs odd',
    '',
  ])
})

test('where it is known what to do, that is told, and not what was printed', () => {
  const ran = {
    ...{ name: 'ran', ready: false, error: 'it exited: no KEY', output: ['no KEY'] },
    hint: 'Set KEY in "env" of server "ran".',
  }
  const never = { name: 'never', ready: false, error: 'command not found: uvx', hint: 'install uv' }
  const told = status([ran, never])

  expect(toStatusText(told, NOW)).not.toContain('  no KEY')
  expect(nextSteps(told)).toEqual([...['Set KEY in "env" of server "ran".', 'never: install uv']])
})

test('when all is well there is nothing to do', () => {
  expect(nextSteps(status([{}]))).toEqual([])
  expect(toStatusText(status([{}]), NOW)).not.toContain('Next')
})

test.each([
  { name: 'no server', given: status([], { tenant: 'acme' }), says: /set FILE --tenant acme$/ },
  {
    name: 'little memory',
    given: status([{}], { memory: { freeBytes: 100 * MEGABYTE } }),
    says: /^there is little memory/,
  },
  {
    name: 'a breaker that is open',
    given: status([{ resilience: open }]),
    says: /^hearth logs one$/,
  },
])('what to do is told: $name', ({ given, says }) => {
  expect(nextSteps(given)).toEqual([expect.stringMatching(says)])
})

test('a span says as much as tells', () => {
  expect([0, 59_999, 60_000, 3_600_000, 90_000_000].map(toSpan)).toEqual([
    ...['0s', '59s', '1m', '1h 0m', '1d 1h'],
  ])
})
