/** What servers ask the client of a session, whatever era they are of: who gets its answer. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { ObjectInNode, type Received } from '#test/support/object-in-node.ts'

const FIRST = 2 ** 30
const ASKED = { message: 'Which one?', requestedSchema: { type: 'object', properties: {} } }
const ANSWER = { action: 'accept', content: { which: 'this' } }
const DONE = { resultType: 'complete', content: [{ type: 'text', text: 'done' }] }
const params = { name: 'echo', arguments: {} }
const capabilities = { elicitation: {} }

beforeEach(() => {
  // As in workerd, where it passes bytes on.
  vi.stubGlobal('IdentityTransformStream', TransformStream)
})

afterEach(() => vi.unstubAllGlobals())

async function next(object: ObjectInNode): Promise<Received> {
  for (;;) {
    const index = object.received.findIndex(({ method }) => method === 'tools/call')
    const [request] = index < 0 ? [] : object.received.splice(index, 1)
    if (request !== undefined) return request
    await new Promise(setImmediate)
  }
}

/** Reads the messages of a stream one by one. */
function messagesOf(response: Response): () => Promise<Record<string, unknown>> {
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  return async () => {
    for (;;) {
      const found = /^data: (\{.*)\n\n/m.exec(text)
      if (found !== null) {
        text = text.slice(found.index + found[0].length)
        return JSON.parse(found[1] ?? '') as Record<string, unknown>
      }
      const { value, done } = await reader.read()
      if (done) throw new Error('the stream has ended')
      text += value
    }
  }
}

describe('in the middle of a call', () => {
  test('a process of the session’s own gets the answer under the id that it asked with', async () => {
    const object = new ObjectInNode()
    const sessionId = await object.initialize(capabilities)
    const call = object.host.fetch(
      object.request({ id: 'c', method: 'tools/call', params }, { sessionId }),
    )
    const request = await next(object)
    request.ask(FIRST, 'elicitation/create', ASKED)
    const read = messagesOf(await call)
    expect(await read()).toMatchObject({ id: FIRST, method: 'elicitation/create', params: ASKED })

    const answered = await object.host.fetch(object.response(FIRST, ANSWER, { sessionId }))
    const again = await object.host.fetch(object.response(FIRST, ANSWER, { sessionId }))
    request.answer(DONE)

    expect([answered.status, again.status]).toEqual([202, 202])
    expect(object.responses).toEqual([{ jsonrpc: '2.0', id: FIRST, result: ANSWER }])
    expect(await read()).toMatchObject({ id: 'c', result: { content: DONE.content } })
  })

  test('a modern server gets all answers with the call that it is sent again', async () => {
    const object = new ObjectInNode({ era: 'modern' })
    const sessionId = await object.initialize(capabilities)
    const call = object.host.fetch(
      object.request({ id: 'c', method: 'tools/call', params }, { sessionId }),
    )
    const inputRequests = {
      one: { method: 'elicitation/create', params: ASKED },
      two: { method: 'elicitation/create', params: ASKED },
    }
    const first = await next(object)
    first.answer({ resultType: 'input_required', inputRequests, requestState: 'here' })
    const read = messagesOf(await call)
    const asked = [await read(), await read()]
    expect(asked[0]?.id).not.toBe(asked[1]?.id)

    for (const { id } of asked.toReversed()) {
      await object.host.fetch(object.response(Number(id), ANSWER, { sessionId }))
    }

    const retry = await next(object)
    const inputResponses = { one: ANSWER, two: ANSWER }
    expect(retry.params).toMatchObject({ ...params, inputResponses, requestState: 'here' })
    retry.answer(DONE)
    expect(await read()).toMatchObject({ id: 'c', result: { content: DONE.content } })
  })

  test('an answer that comes when its process is gone is nobody’s', async () => {
    const object = new ObjectInNode({ answers: { 'tools/list': { tools: [] } } })
    const sessionId = await object.initialize(capabilities)
    const call = object.host.fetch(
      object.request({ id: 'c', method: 'tools/call', params }, { sessionId }),
    )
    const request = await next(object)
    request.ask(FIRST, 'elicitation/create', ASKED)
    const read = messagesOf(await call)
    await read()

    object.exit(request.channel)
    expect(await read()).toMatchObject({ error: { data: { code: 'server_exited' } } })
    const answered = await object.host.fetch(object.response(FIRST, ANSWER, { sessionId }))

    expect(answered.status).toBe(202)
    expect(object.responses).toEqual([])
  })
})
