/** GET streams of tenants at rest, which the worker holds in the place of their object. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { RESTS_HEADER } from '#protocol/host-call.ts'
import { createFakes, POST_HEADERS, post, VERDICT, type FakeOptions } from '../fake-deps.ts'
import { callTool, inSession, URL_OF_SERVER } from '../requests.ts'

const HOUR_MS = 3_600_000
const MISSED = 'id: 0-7\ndata: {}\n\n'
const LISTEN = { headers: { ...POST_HEADERS, ...inSession, Accept: 'text/event-stream' } }

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function rests(): Response {
  const headers = { [RESTS_HEADER]: 'true', 'content-type': 'text/event-stream' }
  return new Response(MISSED, { headers })
}

/** The object rests; it has told what was missed. */
function createResting(acme: FakeOptions['acme'] = {}) {
  const answer = (request: Request) =>
    Promise.resolve(request.method === 'GET' ? rests() : Response.json({}))
  return createFakes({ answers: [answer], acme })
}

/** What has come by now, and whether the stream is over. */
function follow(response: Response) {
  const state = { text: '', isOver: false }
  const sink = new WritableStream<Uint8Array>({
    write: (chunk) => void (state.text += new TextDecoder().decode(chunk)),
    close: () => void (state.isOver = true),
  })
  void response.body?.pipeTo(sink)
  return state
}

test('a stream is held open after what its client missed, and the object is not asked again', async () => {
  const { app, forwarded } = createResting()
  const response = await app.request(URL_OF_SERVER, LISTEN)
  const stream = follow(response)
  await vi.advanceTimersByTimeAsync(HOUR_MS)

  expect(response.headers.has(RESTS_HEADER)).toBe(false)
  expect(response.headers.get('Content-Type')).toBe('text/event-stream')
  expect(stream.text.startsWith(MISSED)).toBe(true)
  expect(stream.text.slice(MISSED.length)).toMatch(/^(:\n\n)+$/)
  expect(stream.isOver).toBe(false)
  expect(forwarded).toHaveLength(1)
})

test('a call of its tenant ends it, so that its client opens it at the object', async () => {
  const { app } = createResting()
  const stream = follow(await app.request(URL_OF_SERVER, LISTEN))

  await app.request(URL_OF_SERVER, post(callTool, inSession))
  await vi.advanceTimersByTimeAsync(1)

  expect(stream.isOver).toBe(true)
})

test('a call while its object is still answering the GET ends it, too', async () => {
  const answering = Promise.withResolvers<void>()
  const { app } = createFakes({
    answers: [
      async (request) => {
        if (request.method !== 'GET') return Response.json({})
        await answering.promise
        return rests()
      },
    ],
  })
  const opening = app.request(URL_OF_SERVER, LISTEN)
  await vi.advanceTimersByTimeAsync(1)
  await app.request(URL_OF_SERVER, post(callTool, inSession))
  answering.resolve()
  const stream = follow(await opening)
  await vi.advanceTimersByTimeAsync(1)

  expect(stream).toEqual({ text: MISSED, isOver: true })
})

test('a call that the GET overtook on the way to the object ends it, too', async () => {
  const onTheWay = Promise.withResolvers<void>()
  const { app } = createFakes({
    answers: [
      async (request) => {
        if (request.method === 'GET') return rests()
        await onTheWay.promise
        return Response.json({})
      },
    ],
  })
  const calling = app.request(URL_OF_SERVER, post(callTool, inSession))
  await vi.advanceTimersByTimeAsync(1)
  const stream = follow(await app.request(URL_OF_SERVER, LISTEN))
  await vi.advanceTimersByTimeAsync(1)
  expect(stream.isOver).toBe(false)

  onTheWay.resolve()
  await calling
  await vi.advanceTimersByTimeAsync(1)
  expect(stream.isOver).toBe(true)
})

test('one of which nothing is read for long is ended, and not left open where no call ends it', async () => {
  const { app } = createResting()
  const unread = await app.request(URL_OF_SERVER, LISTEN)
  await vi.advanceTimersByTimeAsync(60_000)

  await app.request(URL_OF_SERVER, LISTEN)
  await vi.advanceTimersByTimeAsync(1)
  const stream = follow(unread)
  await vi.advanceTimersByTimeAsync(1)
  expect(stream).toEqual({ text: MISSED, isOver: true })
})

test('it ends after half a day, since another isolate may have seen a call', async () => {
  const { app } = createResting()
  const stream = follow(await app.request(URL_OF_SERVER, LISTEN))
  await vi.advanceTimersByTimeAsync(11 * HOUR_MS)
  expect(stream.isOver).toBe(false)

  await vi.advanceTimersByTimeAsync(2 * HOUR_MS)
  expect(stream.isOver).toBe(true)
})

test('it ends with the credential that opened it', async () => {
  const expiresAt = Date.now() + HOUR_MS
  const { app } = createResting({
    authenticate: () => Promise.resolve({ ...VERDICT, expiresAt }),
  })
  const stream = follow(await app.request(URL_OF_SERVER, LISTEN))
  await vi.advanceTimersByTimeAsync(HOUR_MS + 60_000)

  expect(stream.isOver).toBe(true)
})

test('an isolate holds a thousand, and tells further clients to come later', async () => {
  const { app } = createResting()
  for (let n = 0; n < 1_000; n++) await app.request(URL_OF_SERVER, LISTEN)

  const response = await app.request(URL_OF_SERVER, LISTEN)

  expect(await response.text()).toBe(`${MISSED}retry: 600000\n\n`)
})
