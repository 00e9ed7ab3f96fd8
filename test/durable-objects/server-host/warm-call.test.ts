/** What a call of a session costs the object when its process is there. */
import { promiseHooks } from 'node:v8'
import { beforeAll, expect, test } from 'vitest'
import { ObjectInNode } from '#test/support/object-in-node.ts'

const RESULT = { content: [{ type: 'text', text: 'hello' }] }
/** One for the response, one for who asked for it, and one that Node makes for a response's body. */
const PROMISES = 3
/** Node makes another one for each wait, which is seen by hooks alone. */
const WAITS = 1

let object: ObjectInNode
let sessionId: string

const toCall = () => object.request({ id: 1, method: 'tools/call' }, { sessionId, target: 'echo' })

beforeAll(async () => {
  object = new ObjectInNode()
  sessionId = await object.initialize()
})

test('its frame is on the link before anything is waited for', async () => {
  const answered = object.host.fetch(toCall())

  expect(object.received.map(({ method }) => method)).toEqual(['tools/call'])
  object.received.shift()?.answer(RESULT)
  expect((await answered).status).toBe(200)
})

test('it makes no promise that only passes another one on', async () => {
  const request = toCall()
  let made = 0
  const stop = promiseHooks.onInit(() => made++)
  const answered = object.host.fetch(request)
  object.received.shift()?.answer(RESULT)
  stop()

  expect(made).toBeLessThanOrEqual(PROMISES + WAITS)
  expect((await answered).status).toBe(200)
})

test('what ends at its start is refused with a response all the same', async () => {
  const refused = await object.host.fetch(
    object.request({ id: 1, method: 'tools/call' }, { sessionId: 'main.unknown' }),
  )

  expect(refused.status).toBe(404)
})
