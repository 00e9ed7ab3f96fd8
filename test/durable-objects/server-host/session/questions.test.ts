/** Who is told what the client answers, and whose time stands still until then. */
import { expect, test } from 'vitest'
import { Questions, type Asker } from '#durable-objects/server-host/session/questions.ts'
import { isAskNumber } from '#protocol/numbering/numbers.ts'

const FIRST = 2 ** 30
const BOUND = 256
const encoder = new TextEncoder()
const decoder = new TextDecoder()

function createAsker() {
  const told: unknown[] = []
  const asker: Asker = {
    async pass(body) {
      told.push(JSON.parse(decoder.decode(body)))
    },
  }
  return { asker, told }
}

/** Counts how often its time was stopped and not let go on. */
function createCall() {
  const call = { stopped: 0 }
  const time = { stop: () => call.stopped++, goOn: () => call.stopped-- }
  return Object.assign(call, { time: time as never })
}

function respond(questions: Questions, id: number | string): Promise<void> | undefined {
  const body = encoder.encode(JSON.stringify({ jsonrpc: '2.0', id, result: {} }))
  return questions.answer(body, { kind: 'response', id, failed: false })
}

test('an answer goes to who asked, once', async () => {
  const [one, two] = [createAsker(), createAsker()]
  const questions = new Questions()
  questions.add({ server: 'a', asker: one.asker, id: FIRST, calls: [] })
  questions.add({ server: 'a', asker: two.asker, id: FIRST + 1, calls: [] })

  await respond(questions, FIRST + 1)

  expect([one.told, two.told]).toEqual([[], [{ jsonrpc: '2.0', id: FIRST + 1, result: {} }]])
  expect(respond(questions, FIRST + 1)).toBeUndefined()
  expect(respond(questions, FIRST + 2)).toBeUndefined()
})

test.each(['ask', 7])('the id %o of an older host program is given back to it', async (id) => {
  const { asker, told } = createAsker()
  const questions = new Questions()

  const number = questions.add({ server: 'a', asker, id, calls: [] })
  await respond(questions, number)

  expect(isAskNumber(number)).toBe(true)
  expect(told).toEqual([{ jsonrpc: '2.0', id, result: {} }])
})

test('a client that answers with the text of the number answers the same', async () => {
  const { asker, told } = createAsker()
  const questions = new Questions()
  questions.add({ server: 'a', asker, id: FIRST, calls: [] })

  await respond(questions, `${FIRST}`)

  expect(told).toEqual([{ jsonrpc: '2.0', id: FIRST, result: {} }])
})

test('a call’s time stands still until each of its questions is answered or given up', async () => {
  const { asker } = createAsker()
  const call = createCall()
  const questions = new Questions()
  questions.add({ server: 'a', asker, id: FIRST, calls: [call] })
  questions.add({ server: 'a', asker, id: FIRST + 1, calls: [call] })
  expect(call.stopped).toBe(2)

  await respond(questions, FIRST)
  expect(call.stopped).toBe(1)
  const cancelled = encoder.encode(JSON.stringify({ params: { requestId: FIRST + 1 } }))
  questions.cancel(cancelled, 'b')
  expect(call.stopped).toBe(1)
  questions.cancel(cancelled, 'a')

  expect(call.stopped).toBe(0)
  expect(respond(questions, FIRST + 1)).toBeUndefined()
})

test('the end of who asked ends its questions, and nobody else’s', async () => {
  const [gone, other] = [createAsker(), createAsker()]
  const call = createCall()
  const questions = new Questions()
  questions.add({ server: 'a', asker: gone.asker, id: FIRST, calls: [call] })
  questions.add({ server: 'a', asker: other.asker, id: FIRST + 1, calls: [] })

  questions.closeOf(gone.asker)

  expect(call.stopped).toBe(0)
  expect(respond(questions, FIRST)).toBeUndefined()
  await respond(questions, FIRST + 1)
  expect(other.told).toHaveLength(1)
})

test('a call that is over leaves its question to be answered', async () => {
  const { asker, told } = createAsker()
  const call = createCall()
  const questions = new Questions()
  questions.add({ server: 'a', asker, id: FIRST, calls: [call] })

  questions.forget(call)
  await respond(questions, FIRST)

  expect(told).toHaveLength(1)
  expect(call.stopped).toBe(1)
})

test('a server that asks without an end loses its own oldest questions alone', async () => {
  const [one, many] = [createAsker(), createAsker()]
  const questions = new Questions()
  questions.add({ server: 'quiet', asker: one.asker, id: FIRST, calls: [] })
  const call = createCall()
  questions.add({ server: 'busy', asker: many.asker, id: FIRST + 1, calls: [call] })
  for (let n = 2; n <= BOUND + 1; n++) {
    questions.add({ server: 'busy', asker: many.asker, id: FIRST + n, calls: [] })
  }

  expect(call.stopped).toBe(0)
  expect(respond(questions, FIRST + 1)).toBeUndefined()
  await respond(questions, FIRST)
  await respond(questions, FIRST + 2)
  expect([one.told.length, many.told.length]).toEqual([1, 1])
})
