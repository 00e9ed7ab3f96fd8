/**
 * The official conformance suite against the gateway, over stdio servers of both kinds: clients
 * of each era meet servers of their own era and of the other one, alone at `/mcp/{server}` and beside
 * another at `/mcp`.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { resolveBin } from '#test/e2e/clients/bins.ts'
import { startGateway } from '#test/support/gateway.ts'
import type { Gateway } from '#test/support/gateway.ts'
import { startBearerProxy } from './bearer-proxy.ts'
import type { BearerProxy } from './bearer-proxy.ts'
import { readExpectedFailures } from './expected-failures.ts'
import { runSuite } from './suite.ts'
import type { Requirements, ScenarioOutcome } from './suite.ts'

interface Case {
  server: 'legacy-only' | 'dual-era'
  requirements: Requirements
  required: number
  /** Fewest required scenarios that the suite itself counts as passed. */
  passing: number
  expectedFailures?: URL
}

const START_TIMEOUT_MS = 60_000
const SUITE_TIMEOUT_MS = 180_000

const CASES: Case[] = [
  { server: 'legacy-only', requirements: '2025-11-25', required: 30, passing: 30 },
  {
    server: 'legacy-only',
    requirements: '2026-07-28',
    required: 37,
    passing: 36,
    expectedFailures: new URL('expected-failures.yaml', import.meta.url),
  },
  { server: 'dual-era', requirements: '2025-11-25', required: 30, passing: 30 },
  { server: 'dual-era', requirements: '2026-07-28', required: 37, passing: 37 },
]

/** Run without a score by the suite, and required here: they are about what a gateway does. */
const GATEWAY_SCENARIOS = [
  'server-session-lifecycle',
  'json-schema-2020-12',
  'http-header-validation',
  'http-custom-header-server-validation',
]

const table: string[] = []
/** The catalog's with names as the suite knows them, which is where no other server has the same. */
const FACES = ['server', 'catalog'] as const
type Face = (typeof FACES)[number]
const running: { gateway: Gateway; proxy: BearerProxy }[] = []
const paths = new Map<string, string>()

const folder = mkdtempSync(join(tmpdir(), 'hearth-changes-'))

function fixture(name: string, env: Record<string, string> = {}) {
  const script = fileURLToPath(new URL(`../fixtures/conformance/${name}`, import.meta.url))
  return {
    command: process.execPath,
    args: [script],
    // The roots scenarios need a server that may see the client's roots.
    roots: true,
    // It keeps no state, and some scenarios leave a call waiting for its client.
    sharing: 'pool' as const,
    // Some answers are due in half a second: nothing that depends on how fast a process starts.
    warm: 3,
    env: {
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? '',
      CHANGES: join(folder, name),
      ...env,
    },
  }
}

const SERVERS = {
  'legacy-only': fixture('legacy-server.ts'),
  'dual-era': fixture('dual-era-server.ts', {
    REQUEST_STATE_KEY: 'a-key-for-tests-only-of-32-bytes-or-more',
  }),
}
const OTHER = {
  command: process.execPath,
  args: [resolveBin('@modelcontextprotocol/server-memory', 'mcp-server-memory')],
  // Beside a server that has sessions the catalog would announce revisions with sessions alone.
  sharing: 'pool' as const,
}

async function start(servers: Parameters<typeof startGateway>[0]['servers']): Promise<string> {
  const gateway = await startGateway({ servers })
  const proxy = await startBearerProxy(gateway.url, gateway.token)
  running.push({ gateway, proxy })
  await gateway.admin('PUT', 'catalog', { naming: 'conflict' })
  return proxy.origin
}

beforeAll(async () => {
  const origin = await start(SERVERS)
  for (const [name, server] of Object.entries(SERVERS)) {
    paths.set(`server ${name}`, `${origin}/mcp/${name}`)
    paths.set(`catalog ${name}`, `${await start({ [name]: server, memory: OTHER })}/mcp`)
  }
}, START_TIMEOUT_MS)

afterAll(async () => {
  for (const { gateway, proxy } of running) {
    await proxy.stop()
    await gateway.stop()
  }
  rmSync(folder, { recursive: true, force: true })
  console.log(
    ['face     server       requirements  required  gateway  warnings', ...table].join('\n'),
  )
}, START_TIMEOUT_MS)

const ALL = FACES.flatMap((face) => CASES.map((suite) => ({ face, ...suite })))

describe.each(ALL)('a $server server at $requirements by its $face', (suite) => {
  test(
    `passes ${suite.passing} of ${suite.required} required scenarios`,
    async () => {
      const expected = suite.expectedFailures
        ? (await readExpectedFailures(suite.expectedFailures)).map(({ entry }) => entry)
        : []
      const url = paths.get(`${suite.face} ${suite.server}`) ?? ''

      const scenarios = await runSuite(url, suite.requirements)

      const required = scenarios.filter(({ notScored }) => notScored === undefined)
      const ours = scenarios.filter(({ scenario }) => GATEWAY_SCENARIOS.includes(scenario))
      table.push(toRow(suite, required, ours))
      const problems = [...required, ...ours].flatMap(listProblems)
      expect(problems.filter(({ entry }) => !expected.includes(entry))).toEqual([])
      expect(staleEntries(expected, problems), 'stale expectations').toEqual([])
      expect(required).toHaveLength(suite.required)
      expect(countPassed(required)).toBeGreaterThanOrEqual(suite.passing)
    },
    SUITE_TIMEOUT_MS,
  )
})

function listProblems({ scenario, problems }: ScenarioOutcome) {
  return problems.map(({ check, status, message }) => ({
    entry: `${scenario}:${check}`,
    status,
    message,
  }))
}

function staleEntries(expected: string[], problems: { entry: string }[]): string[] {
  return expected.filter((entry) => !problems.some((problem) => problem.entry === entry))
}

function countPassed(scenarios: ScenarioOutcome[]): number {
  return scenarios.filter(({ passed }) => passed).length
}

function toRow(
  suite: Case & { face: Face },
  required: ScenarioOutcome[],
  ours: ScenarioOutcome[],
): string {
  const warnings = required.flatMap(({ problems }) => problems).filter(isWarning).length
  return [
    suite.face.padEnd(9),
    suite.server.padEnd(13),
    suite.requirements.padEnd(14),
    `${countPassed(required)}/${required.length}`.padEnd(10),
    `${countPassed(ours)}/${ours.length}`.padEnd(9),
    warnings,
  ].join('')
}

function isWarning({ status }: { status: string }): boolean {
  return status === 'WARNING'
}
