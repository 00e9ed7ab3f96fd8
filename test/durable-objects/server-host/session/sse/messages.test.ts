import { expect, test } from 'vitest'
import { readMessages } from '#durable-objects/server-host/session/sse/messages.ts'

const encoder = new TextEncoder()
const decoder = new TextDecoder()
const LARGE_CHARS = 1_000_000

/** In chunks of so many bytes. */
function toStream(text: string, chunkBytes: number): Response {
  const bytes = encoder.encode(text)
  let at = 0
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (at >= bytes.length) return controller.close()
      controller.enqueue(bytes.slice(at, at + chunkBytes))
      at += chunkBytes
    },
  })
  return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
}

async function read(response: Response): Promise<string[]> {
  const messages: string[] = []
  for await (const bytes of readMessages(response)) messages.push(decoder.decode(bytes))
  return messages
}

const EVENTS =
  ':\n\nid: 1-0\ndata: \n\nid: 1-1\ndata: {"é":1}\n\n:\n\ndata: {"b":2}\n\nid: 1-2\ndata: [3]\n\n'

test.each([1, 2, 3, 5, 7, 1_000])('events in chunks of %i bytes are the same', async (bytes) => {
  expect(await read(toStream(EVENTS, bytes))).toEqual(['{"é":1}', '{"b":2}', '[3]'])
})

test('an event that is not whole is none', async () => {
  expect(await read(toStream('data: {"a":1}\n\ndata: {"b"', 4))).toEqual(['{"a":1}'])
})

test('a large event in small chunks is whole', async () => {
  const large = `"${'x'.repeat(LARGE_CHARS)}"`

  expect(await read(toStream(`id: 1-1\ndata: ${large}\n\ndata: 2\n\n`, 4_096))).toEqual([
    large,
    '2',
  ])
})

test('a JSON answer is one message, on one line', async () => {
  const headers = { 'content-type': 'application/json' }

  expect(await read(new Response('{\r\n "a": 1\n}', { headers }))).toEqual(['{   "a": 1 }'])
  expect(await read(new Response(null))).toEqual([])
  expect(await read(new Response('', { headers }))).toEqual([])
})

test('a reader that stops lets the stream go', async () => {
  let isCancelled = false
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(encoder.encode('data: 1\n\n')),
    cancel: () => void (isCancelled = true),
  })
  const response = new Response(body, { headers: { 'content-type': 'text/event-stream' } })

  for await (const _ of readMessages(response)) break

  expect(isCancelled).toBe(true)
})
