/** `hearth doctor`, on this machine as it is and as a test makes it. */
import { createServer as createHTTPServer } from 'node:http'
import { createServer as createHTTPSServer } from 'node:https'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { checkMemory } from '#cli/doctor/machine.ts'
import { checkClock } from '#cli/doctor/network.ts'
import { isOldNode } from '#cli/doctor/node-version.ts'
import { createCertificate } from '#test/support/certificate.ts'
import { killTree, runHearth } from '#test/support/command.ts'
import { runVerb } from '#test/support/run-verb.ts'

let folder: string

/** No test needs the network. */
const OFFLINE = {
  npm_config_registry: 'http://127.0.0.1:1/',
  UV_DEFAULT_INDEX: 'http://127.0.0.1:1/',
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hearth-doctor-'))
  await writeFile(join(folder, 'hearth.json'), '{"mcpServers":{"one":{"command":"node"}}}')
})
afterAll(() => rm(folder, { recursive: true, force: true }))

interface Found {
  code: number | null
  findings: Record<string, { state: string; text: string }>
}

async function examine(args: string[], env: Record<string, string> = {}): Promise<Found> {
  const result = await runVerb(['doctor', '--json', ...args], {
    ...{ cwd: folder, env: { ...withoutProxies, ...OFFLINE, ...env } },
  })
  expect(result.stderr).toBe('')
  const { findings } = JSON.parse(result.stdout) as {
    findings: { check: string; state: string; text: string }[]
  }
  const entries = findings.map(({ check, state, text }) => [check, { state, text }] as const)
  return { code: result.code, findings: Object.fromEntries(entries) }
}

const withoutProxies = Object.fromEntries(
  ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'http_proxy', 'https_proxy', 'all_proxy'].map(
    (name) => [name, ''],
  ),
)

test('one line for each thing that hearth up and its servers need, and exit code 0 when it can serve', async () => {
  const { code, stdout } = await runVerb(['doctor', '--port', '0'], { cwd: folder, env: OFFLINE })

  expect(code).toBe(0)
  const checks = stdout.split('\n').map((line) => line.split(/ {2,}/)[1])
  expect(checks).toEqual([
    ...['CHECK', 'Node', 'npm', 'uv', 'Python', 'git', 'Docker', 'memory', 'disk', 'data folder'],
    ...['port', 'configuration', 'isolation', 'npm registry', 'Python index', undefined],
  ])
})

test('a port that another program has fails, and says which program', async () => {
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  const { port } = other.address() as AddressInfo

  const { code, findings } = await examine(['--port', String(port)])
  other.close()

  expect(code).toBe(1)
  expect(findings.port).toEqual({
    state: 'fail',
    text: expect.stringMatching(
      new RegExp(
        `port ${port} .* is taken; .* give --port another\\. It is .* \\(process ${process.pid}\\)$`,
      ),
    ),
  })
})

test('what the hearth up of the folder has is in order', async () => {
  const up = runHearth(['up', '--port', '0', '--json'], { cwd: folder })
  const { url } = await up.ready()

  const { code, findings } = await examine(['--port', new URL(url).port])
  await killTree(up)

  expect(code).toBe(0)
  expect(findings.port?.text).toMatch(/is that of the hearth up of this data folder$/)
  expect(findings['data folder']?.text).toMatch(
    /is in use by hearth up \(process \d+\), which serves http/,
  )
})

test('the file is the one that the hearth up of the folder serves, unless another is named', async () => {
  const served = join(folder, 'served.json')
  await writeFile(served, '{"mcpServers":{"a":{"command":"node"},"b":{"command":"node"}}}')
  const data = join(folder, 'serves')
  const command = runHearth(['--config', served, '--data', data, '--port', '0', '--json'])
  await command.ready()

  const { findings } = await examine(['--data', data, '--port', '0'])
  const named = await examine(['--data', data, '--port', '0', '--config', 'hearth.json'])
  await killTree(command)

  expect(findings.configuration?.text).toBe(`${served}: 2 servers`)
  expect(named.findings.configuration?.text).toBe('hearth.json: 1 servers')
})

test('programs that are not there are warnings, with how to get them', async () => {
  const PATH = join(folder, 'nothing-here')

  const { code, findings } = await examine(['--port', '0'], { PATH })

  expect(code).toBe(0)
  expect(findings.npm).toMatchObject({ state: 'warn', text: expect.stringContaining('nodejs.org') })
  expect(findings.uv).toMatchObject({
    state: 'warn',
    text: expect.stringContaining('docs.astral.sh/uv'),
  })
  expect(findings.Docker).toMatchObject({
    state: 'ok',
    text: expect.stringMatching(/^not found: /),
  })
})

test.each([
  {
    name: 'a data folder that is a file',
    args: ['--data', 'hearth.json'],
    check: 'data folder',
    says: /hearth\.json is a file: move it away, or give --data another folder$/,
  },
  {
    name: 'a configuration that cannot be read',
    args: ['--config', 'none.json'],
    check: 'configuration',
    says: /none\.json.*no such file/,
  },
])('exit code 1: $name', async ({ args, check, says }) => {
  const { code, findings } = await examine(['--port', '0', ...args])

  expect(code).toBe(1)
  expect(findings[check]).toEqual({ state: 'fail', text: expect.stringMatching(says) })
})

test('a server of the file that cannot be used is named', async () => {
  const config = join(folder, 'wrong.json')
  const wrong = { command: 'node', warm: 'yes' }
  await writeFile(config, JSON.stringify({ mcpServers: { wrong, right: { command: 'node' } } }))

  const { code, findings } = await examine(['--port', '0', '--config', config])

  expect(code).toBe(1)
  expect(findings.configuration?.state).toBe('ok')
  expect(findings['server wrong']).toEqual({
    ...{ state: 'fail', text: expect.stringMatching(/warm/) },
  })
})

test('a server whose command is not there is named', async () => {
  const config = join(folder, 'missing.json')
  await writeFile(config, '{"mcpServers":{"lost":{"command":"no-such-command"}}}')

  const { code, findings } = await examine(['--port', '0', '--config', config])

  expect(code).toBe(0)
  expect(findings['server lost']).toEqual({
    state: 'warn',
    text: expect.stringContaining('command not found: no-such-command'),
  })
})

test('a registry with a login in its URL is asked without it, and it is not shown', async () => {
  const index = createHTTPServer((_, response) => response.writeHead(401).end())
  index.listen(0, '127.0.0.1')
  await once(index, 'listening')
  const { port } = index.address() as AddressInfo
  const { findings } = await examine(['--port', '0'], {
    npm_config_registry: 'hunter2:hunter2',
    UV_DEFAULT_INDEX: `http://me:hunter2@127.0.0.1:${port}/simple`,
  })
  index.close()

  expect(findings['Python index']).toEqual({
    state: 'ok',
    text: `http://127.0.0.1:${port} answers`,
  })
  expect(JSON.stringify(findings)).not.toContain('hunter2')
})

test('a registry that cannot be reached is a warning; one behind other certificates says what to set', async () => {
  const { cert, key } = createCertificate()
  const other = createHTTPSServer({ cert, key }, (_, response) => response.end())
  other.listen(0, '127.0.0.1')
  await once(other, 'listening')
  const { port } = other.address() as AddressInfo
  const registry = `https://127.0.0.1:${port}/`

  const { code, findings } = await examine(['--port', '0'], { npm_config_registry: registry })
  other.close()

  expect(code).toBe(0)
  expect(findings['npm registry']).toEqual({
    state: 'warn',
    text: expect.stringMatching(/certificate.*set NODE_EXTRA_CA_CERTS=FILE$/),
  })
  expect(findings['Python index']).toEqual({
    state: 'warn',
    text: expect.stringMatching(/^http:\/\/127\.0\.0\.1:1 cannot be reached \(/),
  })
})

test('the clock, memory and Node are judged', () => {
  expect(checkClock(1_000_000, 1_030_000).state).toBe('ok')
  expect(checkClock(1_000_000, 1_300_000).text).toMatch(/^300 s fast: /)
  expect(checkClock(1_300_000, 1_000_000).text).toMatch(/^300 s slow: /)
  const MEGABYTE = 1024 * 1024
  expect([100, 600, 4_000].map((free) => checkMemory(free * MEGABYTE).state)).toEqual([
    ...['fail', 'warn', 'ok'],
  ])
  expect(['20.9.0', '22.11.9', '22.12.0', '24.0.0'].map(isOldNode)).toEqual([
    ...[true, true, false, false],
  ])
})
