/** Remote servers that restart, vanish or refuse, and where their headers go. */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { SDK_V2 } from '#test/e2e/clients/sdk-v2.ts'
import { connectSession, type Session } from '#test/e2e/clients/session.ts'
import { readText } from '#test/e2e/clients/client.ts'
import { freePort } from '#test/support/child-server.ts'
import { targetOf } from '#test/support/fixture-server.ts'
import { startGateway, type Gateway } from '#test/support/gateway.ts'
import { sendJSON, startRemoteHTTP, type RemoteHTTP } from '#test/support/remote-http.ts'
import { startRemotes, type Remotes } from './remotes.ts'

const TIMEOUT_MS = 60_000
const SECRET = 'value-of-the-secret-header'
/** A client's own bound is far above: what fails has failed by itself. */
const SOON_MS = 10_000
vi.setConfig({ testTimeout: TIMEOUT_MS })

let gateway: Gateway
let remotes: Remotes
/** Refuses or redirects by its path, and notes everything that it is sent. */
let odd: RemoteHTTP
let elsewhere: RemoteHTTP
const sessions: Session[] = []

beforeAll(async () => {
  remotes = await startRemotes()
  elsewhere = await startRemoteHTTP((_request, response) => response.writeHead(500).end())
  odd = await startRemoteHTTP(({ path, message }, response) => {
    const quoted = { jsonrpc: '2.0', id: null, error: { code: -32000, message: `no ${SECRET}` } }
    if (path === '/elsewhere') {
      return void response.writeHead(307, { Location: `${elsewhere.origin}/mcp` }).end()
    }
    if (path === '/around') return void response.writeHead(308, { Location: '/around' }).end()
    if (path === '/moved') return void response.writeHead(307, { Location: '/fine' }).end()
    const status = Number(path.slice(1))
    if (status === 405) return void response.writeHead(405).end()
    if (status > 0) return sendJSON(response, quoted, {}, status)
    if (message.method === 'server/discover') return sendJSON(response, quoted, {}, 400)
    if (message.id === undefined) return void response.writeHead(202).end()
    const isFirst = message.method === 'initialize'
    const begun = { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo: INFO }
    const called = { content: [{ type: 'text', text: 'fine' }] }
    sendJSON(response, { jsonrpc: '2.0', id: message.id, result: isFirst ? begun : called })
  })
  const headers = { Authorization: 'Bearer ${secret:REMOTE_KEY}', 'X-Plain': 'plain' }
  const at = (path: string) => ({ url: `${odd.origin}/${path}`, headers, allowPrivate: true })
  const nobody = `http://127.0.0.1:${await freePort()}/mcp`
  gateway = await startGateway({
    warm: false,
    servers: {
      ...remotes.servers,
      nobody: { url: nobody, allowPrivate: true },
      'nobody-ws': { url: nobody, transport: 'websocket', allowPrivate: true },
      'nobody-sse': { url: nobody, transport: 'sse', allowPrivate: true },
      'no-ws': { url: `${odd.origin}/401`, transport: 'websocket', headers, allowPrivate: true },
      ...{ fine: at('fine'), moved: at('moved'), around: at('around'), elsewhere: at('elsewhere') },
      405: at('405'),
      ...{ 400: at('400'), 401: at('401'), 403: at('403'), 500: at('500'), 503: at('503') },
    },
  })
  await gateway.admin('PUT', 'secrets/REMOTE_KEY', { value: SECRET })
}, TIMEOUT_MS)

afterAll(async () => {
  await Promise.all(sessions.map((session) => session.close()))
  await gateway?.stop()
  await Promise.all([remotes?.stop(), odd?.stop(), elsewhere?.stop()])
}, TIMEOUT_MS)

const INFO = { name: 'odd', version: '1.0.0' }

async function connect(server: string): Promise<Session> {
  const session = await connectSession(targetOf(gateway, server), {})
  sessions.push(session)
  return session
}

async function echo({ client }: Session, message = 'hi'): Promise<string> {
  return readText(await client.callTool({ name: 'echo', arguments: { message } }))
}

const NAMES = ['http', 'sse', 'websocket', 'modern', 'dual'] as const

describe.each(NAMES)('a session on the remote server "%s"', (name) => {
  test('goes on after the remote has restarted, with its very next call', async () => {
    const session = await connect(name)
    expect(await echo(session)).toBe('Echo: hi')

    await remotes.children[name].kill()
    await remotes.children[name].start()

    expect(await echo(session, 'again')).toBe('Echo: again')
  })

  test('says what is wrong while the remote is down, and goes on when it is back', async () => {
    const session = await connect(name)
    await echo(session)
    await remotes.children[name].kill()

    const begun = performance.now()
    await expect(echo(session)).rejects.toThrow(/remote server could not be reached/)
    expect(performance.now() - begun).toBeLessThan(SOON_MS)

    await remotes.children[name].start()
    expect(await echo(session)).toBe('Echo: hi')
  })
})

describe('a remote server that is not there', () => {
  test.each(['nobody', 'nobody-ws', 'nobody-sse'])('fails "%s" soon, by its name', async (name) => {
    const begun = performance.now()
    await expect(connect(name)).rejects.toThrow(/remote server could not be reached: 127\.0\.0\.1/)
    await expect(SDK_V2.connect(targetOf(gateway, name))).rejects.toThrow(/could not be reached/)

    expect(performance.now() - begun).toBeLessThan(SOON_MS)
  })

  test.each([
    ['400', /initialize was refused: no \[redacted\]/],
    ['401', /refused the request: .* answered HTTP 401/],
    ['405', /answered HTTP 405: where it speaks HTTP\+SSE, "transport" is "sse"/],
    ['403', /refused the request: .* answered HTTP 403/],
    ['500', /did not answer as it should: .* answered HTTP 500/],
    ['503', /did not answer as it should: .* answered HTTP 503/],
    ['no-ws', /refused the request: .* answered HTTP 401/],
    ['elsewhere', /refused the request: .* which its headers are not for/],
    ['around', /refused the request: .* redirects more than 3 times/],
  ])('answers %s, and is told so without a credential', async (name, told) => {
    const error: unknown = await connect(name).catch((reason: unknown) => reason)

    expect(String(error)).toMatch(told)
    expect(String(error)).not.toContain(SECRET)
  })
})

describe('configured headers', () => {
  test('reach the remote with their secrets filled in, over a redirect of its own', async () => {
    const [fine, moved] = [await connect('fine'), await connect('moved')]
    expect(await echo(fine)).toBe('fine')
    expect(await echo(moved)).toBe('fine')

    const calls = odd.received.filter(({ message }) => message.method === 'tools/call')
    expect(calls.map(({ path }) => path)).toEqual(['/fine', '/moved', '/fine'])
    for (const { headers } of odd.received) {
      expect(headers.authorization).toBe(`Bearer ${SECRET}`)
      expect(headers['x-plain']).toBe('plain')
    }
  })

  test('and the client’s own credential reach nobody else', async () => {
    await connect('elsewhere').catch(() => undefined)

    expect(elsewhere.received).toEqual([])
    expect(JSON.stringify(odd.received)).not.toContain(gateway.token)
    expect((await gateway.allLogs()).join('\n')).not.toContain(SECRET)
    const { servers } = await gateway.admin<{ servers: object }>('GET', 'servers')
    expect(JSON.stringify(servers)).not.toContain(SECRET)
  })

  test('with a secret that is not set are said to lack it', async () => {
    await gateway.admin('DELETE', 'secrets/REMOTE_KEY')
    await expect(connect('fine')).rejects.toThrow(/needs a secret that is not set/)
    await gateway.admin('PUT', 'secrets/REMOTE_KEY', { value: 'line\nend' })
    await expect(connect('fine')).rejects.toThrow(/headers\.Authorization would have characters/)
  })
})
