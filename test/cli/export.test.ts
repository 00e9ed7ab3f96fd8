/** An export has no end that is known before: how it ends is told by the exit code. */
import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { runVerb, type VerbOptions } from '#test/support/run-verb.ts'

const LINE = `${JSON.stringify({ action: 'token.create', filler: 'x'.repeat(1000) })}\n`

let server: Server | undefined

afterEach(() => {
  server?.closeAllConnections()
  server?.close()
})

async function exportFrom(listener: RequestListener, options: VerbOptions = {}) {
  server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const env = { HEARTH_URL: url, HEARTH_TOKEN: 't' }
  return { url, ...(await runVerb(['audit', '--export'], { ...options, env })) }
}

test('lines come as they are', async () => {
  const result = await exportFrom((_request, response) => response.end(LINE + LINE))

  expect(result).toMatchObject({ code: 0, stdout: LINE + LINE, stderr: '' })
})

test('an export that is cut is told apart from a whole one', async () => {
  const result = await exportFrom((request, response) => {
    response.write(LINE, () => request.socket.destroy())
  })

  expect(result).toMatchObject({
    code: 1,
    stdout: LINE,
    stderr: 'hearth: the export is not whole: the connection was cut\n',
  })
})

test('a refusal is a line on standard error, and no export', async () => {
  const error = { code: 'forbidden', message: 'No' }
  const result = await exportFrom((_request, response) => {
    response.writeHead(403).end(JSON.stringify({ error }))
  })

  expect(result).toMatchObject({ code: 1, stdout: '', stderr: 'hearth: No (forbidden)\n' })
})

test('whoever reads may stop: an endless export then ends in silence', async () => {
  const result = await exportFrom(
    (_request, response) => {
      const more = (): void => {
        while (response.write(LINE));
      }
      response.on('drain', more)
      more()
    },
    { command: ['bash', '-c', 'set -o pipefail; node cli/hearth.mjs "$@" | head -n 1', '-'] },
  )

  expect(result).toMatchObject({ code: 0, stdout: LINE, stderr: '' })
})
