/** Sessions over HTTP+SSE: whose they are, how long they live, and what becomes of them. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { SESSION_ID } from '#protocol/tenant.ts'
import { within } from '#test/support/event-reader.ts'
import { fixture } from '#test/support/fixture-server.ts'
import { startGateway, type Gateway, type GatewayOptions } from '#test/support/gateway.ts'
import { initialize, LegacyClient, readTool, send, type Target } from '#test/support/http-client.ts'
import { childrenOf, isRunning, waitUntil, waitUntilGone } from '#test/support/processes.ts'
import { connectSSE, openSSE, type SSEClient } from '#test/support/sse-client.ts'

/** Of 16 KiB each: more than a stream holds for a client that does not read. */
const FLOOD = 5_000
/** In the command line of one server's processes. */
const LEFT = 'left-while-starting'
const { args: exits = [] } = fixture('exits-in-call')
const SERVERS: GatewayOptions['servers'] = {
  left: fixture('exits-in-call', { args: [...exits, LEFT] }),
  exits: fixture('exits-in-call'),
  fills: fixture('answers-at-length'),
  floods: fixture('floods-client'),
  lists: fixture('changes-lists'),
}
let gateway: Gateway

beforeAll(async () => {
  gateway = await startGateway({ variables: { KEEP_ALIVE_MS: '500' }, servers: SERVERS })
})

afterAll(() => gateway?.stop())

const targetOf = (server: string, token = gateway.token): Target => {
  return { url: `${gateway.url}/sse/${server}`, token }
}
const pidOf = async (client: SSEClient): Promise<number> =>
  readTool({ message: await client.call('pid') })
const list = { jsonrpc: '2.0', id: 'x', method: 'tools/list' }
const issue = () =>
  gateway.admin<{ token: string; info: { keyId: string } }>('POST', 'tokens', {
    ...{ name: 'sse', grants: { scopes: ['*'] } },
  })
const processesOf = (name: string): number[] => childrenOf(gateway.hostProgramPid, name)

test('the first event says where to post, and nothing is started for it', async () => {
  const before = processesOf('exits-in-call')
  const client = await openSSE(targetOf('exits'))

  expect(client.response.headers.get('Content-Type')).toBe('text/event-stream')
  expect(client.endpoint).toBe(`${gateway.url}/messages/exits?sessionId=${client.sessionId}`)
  expect(client.sessionId).toMatch(SESSION_ID)
  expect(processesOf('exits-in-call')).toEqual(before)
  client.leave()
})

test.each(['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25'])(
  'a session of %s begins, with and without the version as a header',
  async (version) => {
    const client = await connectSSE(targetOf('exits'), {}, version)
    const headers = { 'MCP-Protocol-Version': version }

    expect((await client.request('ping')).result).toEqual({})
    expect((await client.request('ping', {}, { headers })).result).toEqual({})
    client.leave()
  },
)

describe('a session is its principal’s', () => {
  test('to another one it does not exist, and it goes on', async () => {
    const own = await connectSSE(targetOf('exits'))
    const pid = await pidOf(own)
    const other = await issue()

    const { status, text } = await own.post(list, {}, other.token)

    expect(status).toBe(404)
    expect(JSON.parse(text)).toMatchObject({
      id: 'x',
      error: { data: { code: 'session_not_found' } },
    })
    expect(await pidOf(own)).toBe(pid)
    expect(own.messages.filter(({ id }) => id === 'x')).toEqual([])
    own.leave()
  })

  test('its rotated token goes on posting', async () => {
    const { token, info } = await issue()
    const client = await connectSSE(targetOf('exits', token))
    const rotate = `tokens/${info.keyId}/rotate`
    const next = await gateway.admin<{ token: string }>('POST', rotate, { overlapMs: 60_000 })

    const { status } = await client.post(list, {}, next.token)

    expect(status).toBe(202)
    expect((await client.answer('x')).result).toBeDefined()
    client.leave()
  })

  test('ids of the one transport are none of the other, nor of another server', async () => {
    const client = await connectSSE(targetOf('exits'))
    const elsewhere = { url: gateway.mcpURL('exits'), token: gateway.token }
    const streamable = await initialize(elsewhere)
    const crossed = new LegacyClient(elsewhere, client.sessionId)
    const swap = (endpoint: string) =>
      Object.assign(Object.create(client) as SSEClient, { endpoint })

    expect((await crossed.request('ping')).status).toBe(404)
    const foreign = client.endpoint.replace(client.sessionId, streamable.sessionId)
    expect((await swap(foreign).post(list)).status).toBe(404)
    const ofOther = client.endpoint.replace('/exits', '/lists')
    expect((await swap(ofOther).post(list)).status).toBe(404)
    expect((await client.request('ping')).result).toEqual({})
    client.leave()
  })
})

test('a client that vanishes leaves neither session nor process', async () => {
  const client = await connectSSE(targetOf('exits'))
  const pid = await pidOf(client)

  client.leave()

  await waitUntilGone(pid)
  const { status, text } = await client.post(list)
  expect([status, text]).toEqual([404, expect.stringContaining('session_not_found')])
})

test('a client that vanishes while its server starts leaves no process', async () => {
  const client = await openSSE(targetOf('left'))
  const params = { protocolVersion: '2024-11-05', capabilities: {}, clientInfo: {} }
  await client.begin('initialize', params)
  client.leave()

  const isAnswered = (line: string) => /"server":"left","method":"initialize"/.test(line)
  await waitUntil(() => gateway.logs.some(isAnswered), 'its server did not start')
  await waitUntil(() => processesOf(LEFT).length === 0, 'its process is still there')
})

test('a client that does not read is cut off, and its session ends', async () => {
  const headers = { ...gateway.headers, Accept: 'text/event-stream' }
  const { url, token } = targetOf('floods')
  const response = await fetch(url, { headers })
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  while (!text.includes('\n\n')) text += (await within(reader!.read())).value
  const endpoint = new URL(/data: (.*)/.exec(text)?.[1] ?? '', url).href
  const post = async (message: object) => {
    const body = JSON.stringify({ jsonrpc: '2.0', ...message })
    const posted = await send({ url: endpoint, token }, 'POST', {}, body)
    await posted.body?.cancel()
    return posted.status
  }
  const params = { protocolVersion: '2024-11-05', capabilities: {}, clientInfo: {} }
  await post({ id: 1, method: 'initialize', params })
  const initialized = { method: 'notifications/initialized' }
  await waitUntil(async () => (await post(initialized)) === 202, 'it has not begun')
  const flood = { name: 'flood', arguments: { count: FLOOD } }

  expect(await post({ id: 2, method: 'tools/call', params: flood })).toBe(202)

  await waitUntil(
    async () => (await post(initialized)) === 404,
    'the session is still there',
    30_000,
  )
  await waitUntil(() => processesOf('floods-client').length === 0, 'its process is still there')
  await reader?.cancel()
})

describe('what the stream outlives', () => {
  test('its process: the call in flight fails, the next one is answered', async () => {
    const client = await connectSSE(targetOf('exits'))
    const pid = await pidOf(client)

    const failed = await client.call('exit')
    expect(failed.error?.data).toMatchObject({ code: 'server_exited' })
    const next = await pidOf(client)
    expect(next).not.toBe(pid)
    process.kill(next, 'SIGKILL')
    expect((await client.request('tools/list')).result).toBeDefined()
    expect(await pidOf(client)).not.toBe(next)
    client.leave()
  })

  test('a change of the configuration, of its server and of another', async () => {
    const client = await connectSSE(targetOf('exits'))
    const added = { ...SERVERS, added: fixture('echo') }

    await gateway.putServers(added)
    const pid = await pidOf(client)
    await gateway.putServers({ ...added, exits: fixture('exits-in-call', { env: { NEW: '1' } }) })

    expect(await pidOf(client)).toBeGreaterThan(0)
    expect((await client.request('tools/list')).result).toBeDefined()
    expect(pid).toBeGreaterThan(0)
    await gateway.putServers(SERVERS)
    client.leave()
  })

  test('its host program', async () => {
    const client = await connectSSE(targetOf('lists'))
    await client.call('change')

    await gateway.killHostProgram()
    expect((await client.call('change')).result).toBeDefined()

    const changes = () => client.messages.filter(({ method }) => method?.endsWith('list_changed'))
    await waitUntil(() => changes().length === 2, 'it did not hear of both')
    client.leave()
  })
})

test('the removal of its server ends the stream, and another one’s goes on', async () => {
  await gateway.putServers({ ...SERVERS, removed: fixture('exits-in-call') })
  const [client, other] = [
    await connectSSE(targetOf('removed')),
    await connectSSE(targetOf('exits')),
  ]
  const pid = await pidOf(client)

  await gateway.putServers(SERVERS)
  // A server host learns of it with the next call, where it is not told.
  expect((await other.request('tools/list')).result).toBeDefined()

  await waitUntilGone(pid)
  expect((await client.post(list)).status).toBe(404)
  expect((await other.request('ping')).result).toEqual({})
  other.leave()
})

describe('when its object is replaced', () => {
  test('the stream breaks, and no process of it is left', async () => {
    const client = await connectSSE(targetOf('exits'))
    const pid = await pidOf(client)

    await gateway.evictServerHost()
    await client.ended
    const { status } = await client.post(list)

    expect(status).toBe(404)
    // The new object dials when it needs a process, and is told of those that live.
    const next = await connectSSE(targetOf('exits'))
    await next.call('pid')
    await waitUntilGone(pid)
    next.leave()
  })

  test('a client that comes back without a handshake goes on with its last one', async () => {
    const { token } = await issue()
    const client = await connectSSE(targetOf('exits', token))
    await client.call('pid')
    await gateway.evictServerHost()
    await client.ended

    const again = await openSSE(targetOf('exits', token))
    expect(await pidOf(again)).toBeGreaterThan(0)
    expect((await again.request('ping')).result).toEqual({})
    again.leave()
  })

  test('nobody goes on with the handshake of another principal', async () => {
    const { token } = await issue()
    const client = await openSSE(targetOf('exits', token))

    const { status, text } = await client.post(list)

    expect(status).toBe(404)
    expect(text).toContain('send initialize to begin')
    expect((await client.answer('x')).error?.data).toMatchObject({ code: 'session_not_found' })
    client.leave()
  })
})

test('a client whose connection was cut goes on as it is, with a new stream', async () => {
  const { token } = await issue()
  const client = await connectSSE(targetOf('exits', token))
  const pid = await pidOf(client)
  client.leave()
  await waitUntilGone(pid)

  const again = await openSSE(targetOf('exits', token))
  const answers = await Promise.all([again.call('pid'), again.call('pid'), again.request('ping')])

  expect(answers.map(({ error }) => error)).toEqual([undefined, undefined, undefined])
  expect(answers[0]?.result).toEqual(answers[1]?.result)
  again.leave()
})

test('no principal holds more than a hundred streams, and another one has room', async () => {
  const { token } = await issue()
  const target = targetOf('exits', token)
  const clients = await Promise.all(Array.from({ length: 100 }, () => openSSE(target)))

  const headers = { Authorization: `Bearer ${token}`, Accept: 'text/event-stream' }
  const refused = await fetch(target.url, { headers })
  expect(refused.status).toBe(429)
  expect(refused.headers.get('Retry-After')).toBeTruthy()
  expect(await refused.text()).toContain('too_many_streams')
  const other = await openSSE(targetOf('exits'))

  clients.pop()?.leave()
  await waitUntil(async () => {
    const next = await fetch(target.url, { headers })
    await next.body?.cancel()
    return next.status === 200
  }, 'there is no room')
  for (const client of [...clients, other]) client.leave()
})

test('a stream that is idle is told what its server says unasked, once', async () => {
  const client = await connectSSE(targetOf('lists'))

  await client.call('update', { uri: 'test://a' })
  const told = await client.message(({ method }) => method !== undefined)
  await client.request('ping')

  expect(told).toMatchObject({ params: { uri: 'test://a' } })
  expect(client.messages.filter(({ method }) => method !== undefined)).toHaveLength(1)
  client.leave()
})

test('keep-alives are written while nothing else is', async () => {
  const response = await fetch(targetOf('exits').url, {
    headers: { ...gateway.headers, Accept: 'text/event-stream' },
  })
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  while (!text.endsWith('\n\n:\n\n:\n\n')) text += (await within(reader!.read())).value
  await reader?.cancel()
})

test('processes of sessions that ended are not there at the end', async () => {
  await waitUntil(
    () => processesOf('exits-in-call').filter(isRunning).length === 0,
    'some are left',
  )
})
