/** What is behind the URL is not always a Hearth gateway. */
import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterEach, expect, test } from 'vitest'
import { AdminAPI } from '#cli/admin/admin-api.ts'

let server: Server | undefined

afterEach(() => {
  server?.closeAllConnections()
  server?.close()
})

async function serve(listener: RequestListener): Promise<{ api: AdminAPI; origin: string }> {
  server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { api: new AdminAPI(new URL(`${origin}/below/`), 'the-credential'), origin }
}

test('a request has the method, the path below /admin, the credential and the body', async () => {
  const { api } = await serve(async (request, response) => {
    const { method, url, headers } = request
    response.end(JSON.stringify([method, url, headers.authorization, await text(request)]))
  })

  const answer = await api.send({
    ...{ method: 'PUT', path: 'tenants/a', body: { b: 1 } },
    query: { since: 5, by: 'x&y', not: undefined },
  })

  const url = '/below/admin/tenants/a?since=5&by=x%26y'
  expect(answer.body).toEqual(['PUT', url, 'Bearer the-credential', '{"b":1}'])
})

test('a refusal is its message and its code, on one line that a terminal does not obey', async () => {
  const error = { code: 'forbidden', message: 'no\n\u001b[2Jway' }
  const { api } = await serve((_request, response) => {
    response.writeHead(403).end(JSON.stringify({ error }))
  })

  await expect(api.send({ path: 'x' })).rejects.toMatchObject({
    name: 'Failure',
    message: 'no\\u{a}\\u{1b}[2Jway (forbidden)',
    exitCode: 1,
  })
})

const strangers: { name: string; listener: RequestListener; says: string }[] = [
  {
    name: 'a page of errors',
    listener: (_request, response) => response.writeHead(502).end('<h1>Bad Gateway</h1>'),
    says: 'ORIGIN answered 502: is it a Hearth gateway?',
  },
  {
    name: 'a page',
    listener: (_request, response) => response.end('<h1>Welcome</h1>'),
    says: 'ORIGIN did not answer with JSON: is it a Hearth gateway?',
  },
  {
    name: 'a cut connection',
    listener: (request) => request.socket.destroy(),
    says: 'cannot reach ORIGIN: the connection was cut',
  },
  {
    name: 'an answer that is cut',
    listener: (request, response) => {
      response.writeHead(200, { 'Content-Length': '100' })
      response.write('{"half":', () => request.socket.destroy())
    },
    says: 'cannot reach ORIGIN: the connection was cut',
  },
]
test.each(strangers)('$name is one line', async ({ listener, says }) => {
  const { api, origin } = await serve(listener)

  const failure = api.send({ path: 'x' })

  await expect(failure).rejects.toMatchObject({
    name: 'Failure',
    message: says.replace('ORIGIN', origin),
  })
})

test('a redirect is not followed: the credential is for this gateway', async () => {
  const paths: (string | undefined)[] = []
  const { api, origin } = await serve((request, response) => {
    paths.push(request.url)
    response.writeHead(307, { Location: '/elsewhere' }).end()
  })

  await expect(api.send({ path: 'x' })).rejects.toThrow(
    `${origin} answered 307: is it a Hearth gateway?`,
  )
  expect(paths).toEqual(['/below/admin/x'])
})

test('a port where nothing listens is one line', async () => {
  const { api, origin } = await serve(() => {})
  server?.close()
  await once(server!, 'close')

  await expect(api.send({ path: 'x' })).rejects.toThrow(
    `cannot reach ${origin}: nothing listens there`,
  )
})
