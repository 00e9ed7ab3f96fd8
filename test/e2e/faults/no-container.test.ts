/** What a client is told when the platform starts no container. */
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { fixture } from '#test/support/fixture-server.ts'
import { startGateway } from '#test/support/gateway.ts'

const ENTRY = join(import.meta.dirname, '../../fixtures/full-fleet-worker.mjs')
/** What is known is told in about a second; the rest is for a loaded machine. */
const SOON_MS = 4_000
const BOUND_MS = 12_000

interface Told {
  status: number
  retryAfter: string | null
  error: { code: number; message: string; data: { code: string; retryable: boolean } }
  ms: number
}

/** An `initialize` of a tenant whose container cannot be had. */
async function ask(startError: string): Promise<Told> {
  const gateway = await startGateway({
    servers: { echo: fixture('echo') },
    warm: false,
    workerEntry: ENTRY,
    variables: { START_ERROR: startError },
  })
  try {
    const startedAt = performance.now()
    const params = {
      protocolVersion: '2025-11-25',
      capabilities: {},
      clientInfo: { name: 'test', version: '1' },
    }
    const response = await fetch(gateway.mcpURL('echo'), {
      method: 'POST',
      headers: {
        ...gateway.headers,
        'Content-Type': 'application/json',
        Accept: 'application/json, text/event-stream',
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params }),
    })
    const { error } = (await response.json()) as Pick<Told, 'error'>
    const retryAfter = response.headers.get('Retry-After')
    return { status: response.status, retryAfter, error, ms: performance.now() - startedAt }
  } finally {
    await gateway.stop()
  }
}

test('with every allowed container running, the client is told so at once, and what to raise', async () => {
  const told = await ask(
    'Maximum number of running container instances exceeded. Try again later, or try configuring a higher value for max_instances',
  )

  expect(told).toMatchObject({ status: 503, retryAfter: '5' })
  expect(told.error.data).toMatchObject({ code: 'host_unavailable', retryable: true })
  expect(told.error.message).toContain('`max_instances`')
  expect(told.ms).toBeLessThan(SOON_MS)
})

test('with too many containers starting in this second, the client is told to come back soon', async () => {
  const told = await ask('you are requesting too many containers per second')

  expect(told).toMatchObject({ status: 503, retryAfter: '1' })
  expect(told.error.message).toContain('too many containers')
  expect(told.ms).toBeLessThan(SOON_MS)
})

test('a failure of the platform that nobody knows is told within its bound, and is not quoted', async () => {
  const told = await ask('the flux compensator of host 10.0.0.7 is out of order')

  expect(told).toMatchObject({ status: 503, retryAfter: '5' })
  expect(told.error.message).toContain('does not start')
  expect(told.error.message).not.toContain('10.0.0.7')
  expect(told.ms).toBeLessThan(BOUND_MS)
})
