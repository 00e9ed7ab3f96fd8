/** Remote servers that are reached from the host program, for the SDK's clients of both eras. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { OriginsAnswer } from '#cli/openapi/answers.ts'
import { SDK_V1 } from '#test/e2e/clients/sdk-v1.ts'
import { SDK_V2 } from '#test/e2e/clients/sdk-v2.ts'
import { createCertificate } from '#test/support/certificate.ts'
import { startGateway, type Gateway } from '#test/support/gateway.ts'
import { answerWith, legacyHandler, modernHandler } from '#test/support/mcp-origin.ts'
import { WebOrigin } from '#test/support/web-origin.ts'
import { REMOTE_NAMES, startRemotes, type Remotes } from './remotes.ts'

const START_TIMEOUT_MS = 90_000
const SECRET = 'hush-5b1e7740cc'
const CLIENTS = [SDK_V1, SDK_V2]
const H2_NAMES = ['legacy-h2', 'modern-h2'] as const
const CASES = CLIENTS.flatMap((client) =>
  [...REMOTE_NAMES, ...H2_NAMES].map((server) => [client.name, server, client] as const),
)

let folder: string
let remotes: Remotes
let gateway: Gateway
let legacy: WebOrigin
let modern: WebOrigin
const authorizations = new Set<unknown>()

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hearth-ca-'))
  const certificate = createCertificate()
  const caFile = join(folder, 'ca.pem')
  writeFileSync(caFile, certificate.cert)
  vi.stubEnv('NODE_EXTRA_CA_CERTS', caFile)
  const answer = answerWith(legacyHandler())
  legacy = await WebOrigin.start({
    ...{ certificate, h2: true },
    answer: (request, response, body) => {
      authorizations.add(request.headers.authorization)
      answer(request, response, body)
    },
  })
  modern = await WebOrigin.start({ certificate, h2: true, answer: answerWith(modernHandler()) })
  remotes = await startRemotes()
  gateway = await startGateway({ warm: false, servers: {} })
  await gateway.admin('PUT', 'secrets/REMOTE_TOKEN', { value: SECRET })
  const near = { via: 'host', allowPrivate: true } as const
  const headers = { Authorization: 'Bearer ${secret:REMOTE_TOKEN}' }
  await gateway.putServers({
    ...Object.fromEntries(
      Object.entries(remotes.servers).map(([name, config]) => [name, { ...config, ...near }]),
    ),
    'legacy-h2': { url: legacy.url, headers, ...near },
    'modern-h2': { url: modern.url, ...near },
  })
}, START_TIMEOUT_MS)

afterAll(async () => {
  await gateway?.stop()
  await remotes?.stop()
  await legacy?.close()
  await modern?.close()
  rmSync(folder, { recursive: true, force: true })
}, START_TIMEOUT_MS)

const echo = async (server: string, client = SDK_V2): Promise<string> => {
  const connection = await client.connect({ url: gateway.mcpURL(server), token: gateway.token })
  try {
    return await connection.callTool('echo', { message: 'from the host' })
  } finally {
    await connection.close()
  }
}

const figuresOf = async (origin: WebOrigin) => {
  const { isAwake, origins } = OriginsAnswer.parse(await gateway.admin('GET', 'origins'))
  expect(isAwake).toBe(true)
  return origins.find((one) => one.origin === new URL(origin.url).origin)
}

test.each(CASES)('%s calls %s', async (_name, server, client) => {
  expect(await echo(server, client)).toBe('Echo: from the host')
})

describe('over HTTP/2', () => {
  test('twenty clients share a few connections, and the figures tell so', async () => {
    await Promise.all(Array.from({ length: 20 }, (_, at) => echo('legacy-h2', CLIENTS[at % 2])))

    const figures = await figuresOf(legacy)
    expect(figures).toMatchObject({ failures: 0, h2Share: 1 })
    expect(figures?.successes).toBeGreaterThanOrEqual(40)
    expect(figures?.meanLatencyMs).toBeGreaterThan(0)
    expect(legacy.connections).toBeLessThanOrEqual(4)
    expect(new Set([...legacy.versions, ...modern.versions])).toEqual(new Set(['2.0']))
  })

  test('a session goes on when its connections are lost', async () => {
    const target = { url: gateway.mcpURL('legacy-h2'), token: gateway.token }
    const connection = await SDK_V1.connect(target)
    await connection.callTool('echo', { message: 'before' })

    legacy.cut()

    expect(await connection.callTool('echo', { message: 'after' })).toBe('Echo: after')
    await connection.close()
  })
})

test('a session goes on when the host program is killed', async () => {
  const target = { url: gateway.mcpURL('legacy-h2'), token: gateway.token }
  const connection = await SDK_V1.connect(target)
  await connection.callTool('echo', { message: 'before' })

  await gateway.killHostProgram()

  expect(await connection.callTool('echo', { message: 'after' })).toBe('Echo: after')
  await connection.close()
})

test('a secret in a header reaches the server, and no log or console', async () => {
  await echo('legacy-h2')

  expect(authorizations).toEqual(new Set([`Bearer ${SECRET}`]))
  const logs = await gateway.allLogs()
  expect(logs.join('\n') + (await gateway.console())).not.toContain(SECRET)
})
