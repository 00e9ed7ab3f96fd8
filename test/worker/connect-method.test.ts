/** `CONNECT` is answered by the runtime itself, before the worker sees it. */
import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startWorker, type RunningWorker } from './start-worker.ts'

let worker: RunningWorker
beforeAll(async () => {
  worker = await startWorker()
})
afterAll(() => worker.stop())

test.each(['example.com:443', '127.0.0.1:22', '/mcp'])(
  'CONNECT %s opens no tunnel, and the gateway serves on',
  async (target) => {
    const socket = connect(Number(worker.url.port), '127.0.0.1')
    let answer = ''
    socket.on('data', (data) => (answer += String(data)))
    socket.write(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n`)
    await once(socket, 'close')

    expect(answer).toMatch(/^HTTP\/1\.1 [45]\d\d /)
    expect((await fetch(new URL('/health', worker.url))).status).toBe(200)
  },
)
