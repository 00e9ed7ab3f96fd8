/** Server-sent events out of bytes that may be cut anywhere. */
import { describe, expect, test } from 'vitest'
import { EventParser } from '#protocol/remote/event-parser.ts'

const encoder = new TextEncoder()
const decoder = new TextDecoder()

function parse(chunks: readonly Uint8Array[], maxEventBytes = 1_000) {
  const heard: string[] = []
  const parser = new EventParser({
    maxEventBytes,
    onEvent: ({ name, data }) => heard.push(`${name}: ${decoder.decode(data)}`),
    onOversize: () => heard.push('oversize'),
  })
  for (const chunk of chunks) parser.push(chunk)
  return { heard, lastEventId: parser.lastEventId, retryMs: parser.retryMs }
}

const parseText = (text: string, maxEventBytes?: number) =>
  parse([encoder.encode(text)], maxEventBytes)

const TABLE: { name: string; text: string; heard: string[] }[] = [
  { name: 'one event', text: 'data: a\n\n', heard: ['message: a'] },
  { name: 'no space after the colon', text: 'data:a\n\n', heard: ['message: a'] },
  { name: 'one space of two', text: 'data:  a\n\n', heard: ['message:  a'] },
  { name: 'a name', text: 'event: endpoint\ndata: /x\n\n', heard: ['endpoint: /x'] },
  {
    name: 'a name of one event only',
    text: 'event: e\ndata: 1\n\ndata: 2\n\n',
    heard: ['e: 1', 'message: 2'],
  },
  { name: 'lines of data', text: 'data: a\ndata: b\ndata\n\n', heard: ['message: a\nb\n'] },
  { name: 'comments', text: ': hi\n\n:\ndata: a\n\n', heard: ['message: a'] },
  { name: 'no data, no event', text: 'event: e\nid: 1\n\n', heard: [] },
  { name: 'an unfinished event', text: 'data: a\n', heard: [] },
  { name: 'carriage returns', text: 'data: a\r\rdata: b\r\r', heard: ['message: a', 'message: b'] },
  { name: 'both', text: 'data: a\r\n\r\ndata: b\r\n\r\n', heard: ['message: a', 'message: b'] },
  { name: 'a byte order mark', text: '\ufeffdata: a\n\n', heard: ['message: a'] },
  { name: 'an unknown field', text: 'datum: x\ndata: a\n\n', heard: ['message: a'] },
  { name: 'characters of several bytes', text: 'data: ❄ü🙂\n\n', heard: ['message: ❄ü🙂'] },
]

describe('an event stream', () => {
  test.each(TABLE)('$name', ({ text, heard }) => {
    expect(parseText(text).heard).toEqual(heard)
  })

  test.each(TABLE)('$name, cut at every byte and into bytes', ({ text, heard }) => {
    const bytes = encoder.encode(text)
    for (let at = 0; at <= bytes.length; at++) {
      expect(parse([bytes.subarray(0, at), bytes.subarray(at)]).heard).toEqual(heard)
    }
    expect(parse(Array.from(bytes, (byte) => Uint8Array.of(byte))).heard).toEqual(heard)
  })

  test('a chunk that is written over later changes nothing that was read', () => {
    const chunk = encoder.encode('data: half')
    const heard: string[] = []
    const parser = new EventParser({
      maxEventBytes: 100,
      onEvent: ({ data }) => heard.push(decoder.decode(data)),
      onOversize: () => undefined,
    })
    parser.push(chunk)
    chunk.fill(0x78)
    parser.push(encoder.encode(' whole\n\n'))

    expect(heard).toEqual(['half whole'])
  })
})

describe('the place in a stream', () => {
  test('is the id of the newest event, also of one without data', () => {
    expect(parseText('id: 1\ndata: a\n\nid: 2\n\n').lastEventId).toBe('2')
  })

  test('is not that of an event which has not ended', () => {
    expect(parseText('id: 1\ndata: a\n\nid: 2\ndata: b\n').lastEventId).toBe('1')
  })

  test('is taken back by an empty id, and not changed by one that no header can have', () => {
    expect(parseText('id: 1\n\nid\n\n').lastEventId).toBe('')
    expect(parseText(`id: 1\n\nid: ${'x'.repeat(1_025)}\n\nid: a\0\n\n`).lastEventId).toBe('1')
  })

  test('comes with the pause that the server asks for', () => {
    expect(parseText('retry: 250\n\n').retryMs).toBe(250)
    expect(parseText('retry: soon\n\n').retryMs).toBeUndefined()
  })
})

describe('an event over the bound', () => {
  const long = 'x'.repeat(50)

  test.each([
    { name: 'in one line', text: `data: ${long}\n\ndata: a\n\n` },
    { name: 'in many lines', text: `${'data: 0123456789\n'.repeat(5)}\ndata: a\n\n` },
  ])('$name is discarded and told, wherever it is cut, and the next one is heard', ({ text }) => {
    const bytes = encoder.encode(text)
    for (let at = 0; at <= bytes.length; at++) {
      const { heard } = parse([bytes.subarray(0, at), bytes.subarray(at)], 40)
      expect(heard).toEqual(['oversize', 'message: a'])
    }
  })

  test('of a line without an end is not kept', () => {
    const chunk = encoder.encode('x'.repeat(4_096))
    const chunks = [encoder.encode('data: '), ...Array.from({ length: 64 }, () => chunk)]
    const { heard } = parse([...chunks, encoder.encode('\n\ndata: a\n\n')], 1_000)

    expect(heard).toEqual(['oversize', 'message: a'])
  })

  test('exactly at the bound is none', () => {
    expect(parseText('data: 0123456789\n\n', 10).heard).toEqual(['message: 0123456789'])
    expect(parseText('data: 0123\ndata: 56789\n\n', 10).heard).toEqual(['message: 0123\n56789'])
  })
})
