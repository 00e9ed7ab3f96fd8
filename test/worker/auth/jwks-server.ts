/** An issuer's key server: real HTTP, and what it was asked. */
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { JWK } from 'jose'

export interface JWKSServer extends AsyncDisposable {
  url: string
  /** Requests so far. */
  count: number
  /** What it says: keys, or whatever a function does. */
  answer: JWK[] | ((response: ServerResponse) => void)
}

export async function startJWKSServer(keys: JWK[] = []): Promise<JWKSServer> {
  const http = createServer((_request, response) => {
    server.count++
    if (typeof server.answer === 'function') server.answer(response)
    else response.end(JSON.stringify({ keys: server.answer }))
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  const { port } = http.address() as AddressInfo
  const server: JWKSServer = {
    url: `http://127.0.0.1:${port}/keys`,
    count: 0,
    answer: keys,
    async [Symbol.asyncDispose]() {
      http.closeAllConnections()
      await new Promise((resolve) => http.close(resolve))
    },
  }
  return server
}
