/** A Python server, started by `uvx` from a project folder as a user would configure it. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startGateway } from '#test/support/gateway.ts'
import type { Gateway } from '#test/support/gateway.ts'
import { installPythonServer, PYTHON_INSTALL_MS } from '#test/support/python-server.ts'
import { inspectorCLI } from './clients/inspector.ts'
import { SDK_V1 } from './clients/sdk-v1.ts'
import { SDK_V2 } from './clients/sdk-v2.ts'

const TIMEOUT_MS = 60_000

let gateway: Gateway

beforeAll(async () => {
  gateway = await startGateway({ servers: { python: await installPythonServer() } })
}, PYTHON_INSTALL_MS + TIMEOUT_MS)

afterAll(() => gateway?.stop(), TIMEOUT_MS)

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
