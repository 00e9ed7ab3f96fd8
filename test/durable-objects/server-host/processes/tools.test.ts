/** How often a server is asked for its tools, whoever wants to know. */
import { expect, test } from 'vitest'
import { KnownTools } from '#durable-objects/server-host/processes/tools.ts'
import { GatewayError } from '#protocol/errors.ts'

const BOUND = 256
const ofServer = (name: string, digest = 'd') => ({ name, launch: { name, digest } })
const echo = { name: 'echo', annotations: { idempotentHint: true } }

/** A server that answers when it is told to. */
function createServer() {
  const asked: PromiseWithResolvers<Record<string, unknown>>[] = []
  const ask = () => {
    const question = Promise.withResolvers<Record<string, unknown>>()
    asked.push(question)
    return question.promise
  }
  return { asked, ask, answer: (tools: object[] = [echo]) => asked.at(-1)?.resolve({ tools }) }
}

test('a server is asked once, for all who want to know at the same time and later', async () => {
  const tools = new KnownTools()
  const { asked, ask, answer } = createServer()

  const both = Promise.all([tools.of(ofServer('a'), ask), tools.of(ofServer('a'), ask)])
  expect(tools.peek(ofServer('a'))).toBeUndefined()
  answer()

  const [one, other] = await both
  expect(one.get('echo')).toMatchObject({ repeatable: true, isReadOnly: false })
  expect(other).toBe(one)
  expect(tools.peek(ofServer('a'))).toBe(one)
  expect(await tools.isRepeatable(ofServer('a'), 'echo', ask)).toBe(true)
  expect(asked).toHaveLength(1)
})

test('each launch is another server, and so is one of another name', async () => {
  const tools = new KnownTools()
  const ask = async () => ({ tools: [echo] })
  await tools.of(ofServer('a'), ask)

  expect(tools.peek(ofServer('a', 'other'))).toBeUndefined()
  expect(tools.peek(ofServer('b'))).toBeUndefined()
})

test('one whose tools have changed is asked again, and no other', async () => {
  const tools = new KnownTools()
  const ask = async () => ({ tools: [echo] })
  await tools.of(ofServer('a'), ask)
  await tools.of(ofServer('b'), ask)

  tools.forget('a')

  expect(tools.peek(ofServer('a'))).toBeUndefined()
  expect(tools.peek(ofServer('b'))).toBeDefined()
})

test('what was listed before a change is not what is known after it', async () => {
  const tools = new KnownTools()
  const { ask, answer } = createServer()
  const listing = tools.of(ofServer('a'), ask)

  tools.forget('a')
  answer()

  expect((await listing).has('echo')).toBe(true)
  expect(tools.peek(ofServer('a'))).toBeUndefined()
})

test('a server that refuses has no tools that anything is known of, and is asked again', async () => {
  const tools = new KnownTools()
  const refuse = () => Promise.reject(new Error('no such method'))

  expect((await tools.of(ofServer('a'), refuse)).size).toBe(0)
  expect(tools.peek(ofServer('a'))).toBeUndefined()
})

test('whoever waits for an answer that another one does not get asks for itself', async () => {
  const tools = new KnownTools()
  const { asked, ask, answer } = createServer()
  const first = tools.of(ofServer('a'), ask)
  const second = tools.of(ofServer('a'), ask)

  asked[0]?.reject(new GatewayError('server_exited'))
  await expect(first).rejects.toMatchObject({ code: 'server_exited' })
  await Promise.resolve()
  answer()

  expect((await second).has('echo')).toBe(true)
  expect(asked).toHaveLength(2)
})

test('without a question only what is known counts', async () => {
  const tools = new KnownTools()
  expect(await tools.isRepeatable(ofServer('a'), 'echo')).toBe(false)

  await tools.of(ofServer('a'), async () => ({ tools: [echo] }))

  expect(await tools.isRepeatable(ofServer('a'), 'echo')).toBe(true)
  expect(await tools.isRepeatable(ofServer('a'), 'other')).toBe(false)
})

test('of too many launches the one that was asked first is forgotten', async () => {
  const tools = new KnownTools()
  for (let n = 0; n <= BOUND; n++) await tools.of(ofServer('a', `${n}`), async () => ({}))

  expect(tools.peek(ofServer('a', '0'))).toBeUndefined()
  expect(tools.peek(ofServer('a', '1'))).toBeDefined()
})
