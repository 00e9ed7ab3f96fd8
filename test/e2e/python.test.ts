/** A Python server, started by `uvx` from a project folder as a user would configure it. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startGateway } from '#test/support/gateway.ts'
import type { Gateway } from '#test/support/gateway.ts'
import { inspectorCLI } from './clients/inspector.ts'
import { SDK_V1 } from './clients/sdk-v1.ts'
import { SDK_V2 } from './clients/sdk-v2.ts'

const PROJECT = fileURLToPath(new URL('../fixtures/python-server', import.meta.url))
/** With an empty cache uv downloads the SDK and its dependencies first. */
const INSTALL_TIMEOUT_MS = 180_000
const TIMEOUT_MS = 60_000
const run = promisify(execFile)

let gateway: Gateway

beforeAll(async () => {
  await requireUvx()
  // The machine's CAs, for the installation by the host program, too.
  process.env.UV_SYSTEM_CERTS ??= '1'
  const args = ['--from', PROJECT, 'hearth-python-fixture']
  await run('uvx', ['--from', PROJECT, 'python', '-c', 'import mcp'], {
    env: { ...process.env, ...uvEnvironment() },
    timeout: INSTALL_TIMEOUT_MS,
  })
  gateway = await startGateway({
    servers: { python: { command: 'uvx', args, env: uvEnvironment() } },
  })
}, INSTALL_TIMEOUT_MS + TIMEOUT_MS)

afterAll(() => gateway?.stop(), TIMEOUT_MS)

async function requireUvx(): Promise<void> {
  try {
    await run('uvx', ['--version'])
  } catch (cause) {
    throw new Error('uvx is needed for this test: install uv, for example with `pip install uv`', {
      cause,
    })
  }
}

/** A child gets no environment but what is configured: uv's own settings. */
function uvEnvironment(): Record<string, string> {
  const own = Object.entries(process.env).filter(([name]) => name.startsWith('UV_'))
  return Object.fromEntries(own) as Record<string, string>
}

describe.each([SDK_V1, SDK_V2, inspectorCLI('modern')])('$name', (client) => {
  test(
    'calls a tool of a Python server that uvx starts',
    async () => {
      const target = { url: gateway.mcpURL('python'), token: gateway.token }
      const connection = await client.connect(target)

      const sum = await connection.callTool('add', { a: 20, b: 22 })
      const version = await connection.callTool('python_version', {})
      await connection.close()

      expect([sum, version]).toEqual(['42', 'Python 3'])
    },
    TIMEOUT_MS,
  )
})
