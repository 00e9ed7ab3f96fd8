/**
 * What a client is promised of its calls, whichever way they are answered: by a process of its own or by one
 * for all, of its era or of the other. In process, with processes that the test plays.
 */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { HostCall } from '#protocol/host-call.ts'
import { META } from '#protocol/mcp.ts'
import {
  ObjectInNode,
  SERVER,
  type ObjectInNodeOptions,
  type Received,
} from '#test/support/object-in-node.ts'

type Params = Record<string, unknown>

/** Sends a request as one client does. */
export type Begin = (
  id: string | number,
  method: string,
  params: Params,
  progressToken?: string,
) => Promise<Response>

export interface Answering {
  server: ObjectInNodeOptions
  connect: (object: ObjectInNode) => Promise<Begin>
}

const RESULT = { resultType: 'complete', ttlMs: 0, cacheScope: 'private' }
const CALL_MS = 5_000
const LATE_MS = 2_000
const ROUNDS = 20_000

/** A client with a session; `facts`: what is known of its requests beside. */
export async function connectSession(
  object: ObjectInNode,
  facts: Partial<HostCall> = {},
): Promise<Begin> {
  const sessionId = await object.initialize({}, facts.catalog)
  return (id, method, params, progressToken) =>
    object.host.fetch(
      object.request(
        { id, method, params: withToken(params, progressToken) },
        { sessionId, ...facts, ...targetOf(params), ...(progressToken && { progressToken }) },
      ),
    )
}

/** One with a session of the catalog. */
export function connectCatalog(object: ObjectInNode): Promise<Begin> {
  return connectSession(object, { catalog: { servers: [SERVER] } })
}

/** One of 2026-07-28. */
export async function connectModern(object: ObjectInNode): Promise<Begin> {
  const _meta = {
    [META.protocolVersion]: '2026-07-28',
    [META.clientInfo]: { name: 'test', version: '1' },
    [META.clientCapabilities]: {},
  }
  const facts = {
    ...({ era: 'modern', protocolVersion: '2026-07-28', capabilities: '{}' } as const),
    client: '["test","1"]',
  }
  return (id, method, params, progressToken) =>
    object.host.fetch(
      object.request(
        { id, method, params: withToken({ ...params, _meta }, progressToken) },
        { ...facts, ...targetOf(params), ...(progressToken && { progressToken }) },
      ),
    )
}

export function describeAnswering(name: string, { server, connect }: Answering): void {
  describe(name, () => {
    let object: ObjectInNode
    let begin: Begin

    beforeEach(async () => {
      // As in workerd, where it passes bytes on.
      vi.stubGlobal('IdentityTransformStream', TransformStream)
      object = new ObjectInNode({
        ...server,
        config: { timeoutMs: CALL_MS, ...server.config },
        answers: { 'tools/list': { ...RESULT, tools: [] } },
      })
      begin = await connect(object)
    })

    afterEach(() => {
      vi.useRealTimers()
      vi.unstubAllGlobals()
    })

    /** The next request of this method that a process gets. */
    async function next(method: string): Promise<Received> {
      for (let round = 0; round < ROUNDS; round++) {
        for (let request = object.received.shift(); request; request = object.received.shift()) {
          if (request.method === method) return request
        }
        await new Promise(setImmediate)
      }
      throw new Error(`no process got ${method}`)
    }
    const callTool = (id: string | number, token?: string) =>
      begin(id, 'tools/call', { name: 'echo', arguments: {} }, token)
    const read = (id: string | number) => begin(id, 'resources/read', { uri: 'test://a' })
    const answerWith = (text: string) => ({ ...RESULT, content: [{ type: 'text', text }] })

    test('an answer comes under its call’s own id, in whatever order they come', async () => {
      const [first, second] = [callTool(7), callTool('seven')]
      const asked = [await next('tools/call'), await next('tools/call')]
      asked.toReversed().forEach((request) => request.answer(answerWith(`to ${request.id}`)))

      const answers = await Promise.all([first, second].map(async (each) => (await each).json()))
      expect(answers).toMatchObject([
        { id: 7, result: answerContent(asked[0]) },
        { id: 'seven', result: answerContent(asked[1]) },
      ])
    })

    test('what its server refuses is told as it said it', async () => {
      const answer = callTool('c')
      const request = await next('tools/call')
      request.fail({ code: 42, message: 'not today', data: { why: 'rain' } })

      expect(await (await answer).json()).toMatchObject({
        ...{ jsonrpc: '2.0', id: 'c' },
        error: { code: 42, message: 'not today', data: { why: 'rain' } },
      })
    })

    test('its progress comes before its answer, under its own token', async () => {
      const answer = callTool('c', 'mine')
      const request = await next('tools/call')
      const _meta = request.params?._meta as { progressToken?: unknown } | undefined
      const progressToken = _meta?.progressToken
      request.notify('notifications/progress', { progressToken, progress: 1 })
      request.answer(answerWith('done'))

      const events = (await (await answer).text()).split('\n').filter((line) => line.length > 1)
      const messages = events.flatMap((line) => (line.startsWith('data: {') ? line.slice(6) : []))
      expect(messages.map((text) => JSON.parse(text) as unknown)).toMatchObject([
        { method: 'notifications/progress', params: { progressToken: 'mine', progress: 1 } },
        { id: 'c', result: { content: [{ text: 'done' }] } },
      ])
    })

    test('a process that ends fails what may have run, and the next one answers', async () => {
      const lost = callTool('lost')
      const request = await next('tools/call')
      object.exit(request.channel)
      expect(await codeOf(lost)).toBe('server_exited')

      const answer = callTool('next')
      const again = await next('tools/call')
      again.answer(answerWith('there'))

      expect(again.channel).not.toBe(request.channel)
      expect(await (await answer).json()).toMatchObject({ id: 'next', result: { content: [{}] } })
    })

    test('what is safe to repeat is answered by the next process', async () => {
      const answer = read('r')
      const request = await next('resources/read')
      object.exit(request.channel)

      const again = await next('resources/read')
      again.answer({ ...RESULT, contents: [{ uri: 'test://a', text: 'again' }] })

      expect(again.channel).not.toBe(request.channel)
      expect(await (await answer).json()).toMatchObject({
        ...{ id: 'r', result: { contents: [{ text: 'again' }] } },
      })
    })

    test('a call whose credential ends is over, and its process is told', async () => {
      const answer = callTool('c')
      const request = await next('tools/call')

      await object.host.endCredential('token:a')

      expect((await answer).status).toBe(401)
      await expectCancelled(object, request)
    })

    test('a call that has no answer in time fails, and its process is told', async () => {
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] })
      const answer = callTool('c')
      const request = await next('tools/call')

      await vi.advanceTimersByTimeAsync(CALL_MS + LATE_MS)

      expect(await codeOf(answer)).toBe('call_timeout')
      await expectCancelled(object, request)
    })
  })
}

/** What `answerWith` said of a request. */
function answerContent(request: Received | undefined): object {
  return { content: [{ text: `to ${request?.id}` }] }
}

async function codeOf(answer: Promise<Response>): Promise<unknown> {
  const text = await (await answer).text()
  return /"code":"(\w+)"/.exec(text)?.[1]
}

async function expectCancelled(object: ObjectInNode, { id, channel }: Received): Promise<void> {
  await Promise.resolve()
  const cancelled = object.notified.filter(({ method }) => method === 'notifications/cancelled')
  expect(cancelled).toMatchObject([{ channel, params: { requestId: id } }])
}

function targetOf({ name, uri }: Params): { target?: string } {
  const target = name ?? uri
  return typeof target === 'string' ? { target } : {}
}

function withToken(params: Params, progressToken: string | undefined): Params {
  if (progressToken === undefined) return params
  const { _meta = {} } = params as { _meta?: object }
  return { ...params, _meta: { ..._meta, progressToken } }
}
