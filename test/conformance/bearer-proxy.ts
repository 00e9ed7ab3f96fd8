/**
 * The conformance suite cannot send headers of its own: this proxy on loopback adds the bearer
 * token and passes everything else on as it came, `Host` and `Origin` included.
 */
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { pipeline } from 'node:stream'

export interface BearerProxy {
  /** Origin of the proxy, with the host name `localhost`: the suite wants one. */
  origin: string
  stop(): Promise<void>
}

export async function startBearerProxy(gatewayURL: string, token: string): Promise<BearerProxy> {
  const { hostname, port } = new URL(gatewayURL)
  const server = http.createServer((request, response) => {
    const upstream = http.request({
      hostname,
      port,
      method: request.method,
      path: request.url,
      headers: { ...request.headers, authorization: `Bearer ${token}` },
    })
    relay(request, response, upstream)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    origin: `http://localhost:${(server.address() as AddressInfo).port}`,
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function relay(
  request: http.IncomingMessage,
  response: http.ServerResponse,
  upstream: http.ClientRequest,
): void {
  // A client that goes away must be seen upstream: for the modern era it is a cancellation.
  response.on('close', () => upstream.destroy())
  upstream.on('error', (error) => {
    if (response.headersSent) response.destroy()
    else response.writeHead(502, { 'content-type': 'text/plain' }).end(error.message)
  })
  upstream.on('response', (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.rawHeaders)
    response.flushHeaders()
    pipeline(answer, response, () => {})
  })
  request.pipe(upstream)
}
