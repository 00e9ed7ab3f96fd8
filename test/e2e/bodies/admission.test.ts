/** Large bodies, many at once: what they cost the gateway, and what becomes of the calls in them. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fixture, targetOf } from '#test/support/fixture-server.ts'
import { startGateway, type Gateway } from '#test/support/gateway.ts'
import { initialize, readAnswer, readTool, send } from '#test/support/http-client.ts'
import { residentBytes, workerdPid } from '#test/support/memory.ts'

const BODIES = 64
const TEXT_CHARS = 8_000_000
/** Without room for them it was more than 4 GB. */
const MAX_GROWTH_BYTES = 1024 * 1024 * 1024
const SAMPLE_MS = 20

interface Measured {
  pid: number
  length: number
}

let gateway: Gateway

beforeAll(async () => {
  gateway = await startGateway({ servers: { measures: fixture('measures-its-input') } })
})

afterAll(() => gateway?.stop())

test('a flood of large bodies is answered or told to wait, costs no process, and little memory', async () => {
  const client = await initialize(targetOf(gateway, 'measures'))
  const { pid } = readTool<Measured>(await client.call('measure'))
  const memory = watchMemory()

  const answers = await Promise.all(
    Array.from({ length: BODIES }, async (_, id) => {
      const params = { name: 'measure', arguments: { text: 'x'.repeat(TEXT_CHARS) } }
      const body = JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params })
      const response = await send(client.target, 'POST', client.headers, body)
      if (response.status === 503) return { refusal: await readAnswer(response, id) }
      return { measured: readTool<Measured>(await readAnswer(response, id)) }
    }),
  )

  const growth = memory.stop()
  const measured = answers.flatMap((answer) => answer.measured ?? [])
  expect(measured.length).toBeGreaterThan(0)
  for (const each of measured) expect(each).toEqual({ pid, length: TEXT_CHARS })
  for (const { headers, message } of answers.flatMap((answer) => answer.refusal ?? [])) {
    expect(message.error?.data).toMatchObject({ code: 'too_many_bytes', retryable: true })
    expect(headers.get('Retry-After')).toBe('2')
  }
  expect(growth, 'of the memory').toBeLessThan(MAX_GROWTH_BYTES)
  expect(readTool<Measured>(await client.call('measure')).pid).toBe(pid)
}, 120_000)

/** Watches the most that workerd has held, over what it holds now. */
function watchMemory() {
  const pid = workerdPid()
  const before = residentBytes(pid)
  let most = before
  const timer = setInterval(() => {
    most = Math.max(most, residentBytes(pid))
  }, SAMPLE_MS)
  return {
    stop: () => {
      clearInterval(timer)
      return most - before
    },
  }
}
