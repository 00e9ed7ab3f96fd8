import { describe, expect, test } from 'vitest'
import { classifyMessage } from '#protocol/json-rpc.ts'
import type { FailedMeta } from '#protocol/link.ts'
import { META } from '#protocol/mcp.ts'
import { AskNumbers, isAskNumber } from '#protocol/numbering/numbers.ts'
import { Numbering, type Told } from '#protocol/numbering/numbering.ts'

const FIRST_ASK = 2 ** 30

function begin() {
  const refused: FailedMeta[] = []
  const numbering = new Numbering(new AskNumbers(0), (meta) => refused.push(meta))
  return {
    numbering,
    /** What its senders are told of requests that it does not read. */
    refused,
    /** What the process reads. */
    toProcess: (text: string, call?: string, shared?: true): string | undefined => {
      const meta = { ...(call !== undefined && { call }), ...(shared && { shared }) }
      const sent = numbering.toProcess(Buffer.from(text), meta, 0)
      return sent && Buffer.from(sent.payload).toString()
    },
    /** What the object is told. */
    fromProcess: (text: string): (Omit<Told, 'payload'> & { text: string }) | undefined => {
      const envelope = classifyMessage(JSON.parse(text))
      if (envelope === undefined) throw new TypeError(`no message: ${text}`)
      const told = numbering.fromProcess(Buffer.from(text), envelope, 5)
      return told && { text: Buffer.from(told.payload).toString(), meta: told.meta }
    },
  }
}

const request = (id: string, more = ''): string =>
  `{"jsonrpc":"2.0","id":${id},"method":"m"${more}}`
const WITHOUT_ID = '{"jsonrpc":"2.0","id":null,"error":{"code":-32603,"message":"no"}}'
const answer = (id: string): string => `{"jsonrpc":"2.0","id":${id},"result":{}}`
const notify = (method: string, params: string): string =>
  `{"jsonrpc":"2.0","method":"notifications/${method}","params":${params}}`
const token = (text: string): string => `,"params":{"_meta":{"progressToken":${text}}}`

describe('a request', () => {
  test.each(['"a:b"', '1.0', '12345678901234567890', '-3', '"\\u0041"'])(
    'is written with a number, and answered with its own id, digit by digit: %s',
    (id) => {
      const { toProcess, fromProcess } = begin()

      expect(toProcess(request('0'))).toBe(request('1'))
      expect(toProcess(request(id, token(id)), 'x.1')).toBe(request('2', token('2')))
      const report = notify('progress', '{"progressToken":2,"progress":1}')
      expect(fromProcess(report)).toEqual({
        text: notify('progress', `{"progressToken":${id},"progress":1}`),
        meta: expect.objectContaining({ kind: 'notification', call: 'x.1' }),
      })
      expect(fromProcess(answer('2'))).toEqual({
        text: answer(id),
        meta: { kind: 'response', id: JSON.parse(id), call: 'x.1', ms: 5 },
      })
    },
  )

  test('is answered under its number as text, too', () => {
    const { toProcess, fromProcess } = begin()
    toProcess(request('7', token('7')))

    expect(fromProcess(notify('progress', '{"progressToken":"1"}'))?.text).toContain(':7}')
    expect(fromProcess(answer('"1"'))?.text).toBe(answer('7'))
  })

  test('is answered once, and not at all when it was given up', () => {
    const { toProcess, fromProcess } = begin()
    toProcess(request('7', token('7')), 'x.1')
    toProcess(request('7', token('7')), 'x.2')

    expect(toProcess(notify('cancelled', '{"requestId":7}'), 'x.1')).toContain('"requestId":1')
    expect(fromProcess(answer('1'))).toBeUndefined()
    expect(fromProcess(notify('progress', '{"progressToken":1}'))).toBeUndefined()
    expect(fromProcess(answer('2'))?.meta.call).toBe('x.2')
    expect(fromProcess(answer('2'))).toBeUndefined()
    expect(toProcess(notify('cancelled', '{"requestId":7}'), 'x.2')).toBeUndefined()
  })

  test('under an id that another one has is meant by a cancellation of that id: the newest', () => {
    const { toProcess } = begin()
    toProcess(request('7'))
    toProcess(request('7'))

    expect(toProcess(notify('cancelled', '{"requestId":7}'))).toContain('"requestId":2')
    expect(toProcess(notify('cancelled', '{"requestId":7}'))).toContain('"requestId":1')
  })

  test.each(['3', '"x"', '0', 'null'])('has no answer under an id that is none: %s', (id) => {
    const { toProcess, fromProcess } = begin()
    toProcess(request('3'))

    expect(fromProcess(`{"jsonrpc":"2.0","id":${id},"error":{"code":-32601}}`)).toBeUndefined()
  })

  test.each([
    ['"id":null,', 'null'],
    ['', 'none'],
  ])('is answered by an error without an id while no other one waits (%s)', (member) => {
    const { toProcess, fromProcess } = begin()
    const error = `{"jsonrpc":"2.0",${member}"error":{"code":-32600,"message":"no"}}`
    toProcess(request('"a"'))
    toProcess(request('"b"'))

    expect(fromProcess(error)).toBeUndefined()
    fromProcess(answer('1'))
    const told = fromProcess(error)
    expect(JSON.parse(told?.text ?? '')).toMatchObject({ id: 'b', error: { code: -32_600 } })
    expect(told?.meta).toMatchObject({ id: 'b', failed: true })
  })

  test('is not answered by an error without an id where the process serves several callers', () => {
    const { toProcess, fromProcess, numbering } = begin()
    toProcess(request('"a"'), 'x.1', true)
    fromProcess(answer('1'))
    toProcess(request('"b"'), 'x.2')

    expect(fromProcess(WITHOUT_ID)).toBeUndefined()
    expect(numbering.takeOnly()).toBeUndefined()
    expect(fromProcess(answer('2'))?.text).toBe(answer('"b"'))
  })

  test('is not answered by an error without an id until one that was given up is answered', () => {
    const { toProcess, fromProcess } = begin()
    toProcess(request('"a"'), 'x.1')
    toProcess(notify('cancelled', '{"requestId":"a"}'), 'x.1')
    toProcess(request('"b"'), 'x.2')

    expect(fromProcess(WITHOUT_ID)).toBeUndefined()
    expect(fromProcess(answer('1'))).toBeUndefined()
    expect(fromProcess(WITHOUT_ID)?.meta).toMatchObject({ id: 'b', call: 'x.2' })
  })

  test('is not answered by an error without an id once more were given up than are counted', () => {
    const { toProcess, fromProcess } = begin()
    for (let n = 1; n <= 300; n++) {
      toProcess(request(`${n}`))
      toProcess(notify('cancelled', `{"requestId":${n}}`))
    }
    for (let n = 1; n <= 300; n++) fromProcess(answer(`${n}`))
    toProcess(request('"b"'))

    expect(fromProcess(WITHOUT_ID)).toBeUndefined()
  })

  test('counts while it waits', () => {
    const { numbering, toProcess, fromProcess } = begin()
    toProcess(request('"a"'))
    expect(numbering.requests.only?.id).toBe('a')
    toProcess(request('"b"'))
    fromProcess(answer('1'))
    toProcess(notify('cancelled', '{"requestId":"b"}'))

    expect(numbering.requests.size).toBe(0)
  })
})

describe('a message is not written that the process may read under another number', () => {
  const meta = (members: string) => request('7', `,"params":{"_meta":${members}}`)

  test.each([
    request('7', ',"ID":1'),
    request('7', ',"\\u0049d":1'),
    `{"jsonrpc":"2.0","id":1,"id":7,"method":"m"}`,
    request('7', ',"Method":"notifications/cancelled","params":{"requestId":1}'),
    request('7', ',"params":{},"param\u017f":{"_meta":{"progressToken":1}}'),
    request('7', ',"params":{"_META":{"progressToken":1}}'),
    meta('{"progressToken":7,"ProgressToken":1}'),
    meta('{"progressTo\u212aen":1}'),
    meta('{"progressToken":1,"progressToken":7}'),
    meta(`{"${META.subscriptionId.toUpperCase()}":1}`),
  ])('a request: %s', (text) => {
    const { toProcess, fromProcess, refused, numbering } = begin()
    toProcess(request('"b"'), 'x.1')

    expect(toProcess(text, 'x.2')).toBeUndefined()
    expect(refused).toEqual([
      { id: 7, call: 'x.2', code: 'invalid_message', detail: expect.stringContaining('letters') },
    ])
    expect(numbering.requests.size).toBe(1)
    expect(fromProcess(answer('1'))?.text).toBe(answer('"b"'))
  })

  test.each([
    notify('cancelled', '{"requestId":7,"RequestId":1}'),
    notify('progress', '{"progressToken":7,"PROGRESSTOKEN":1}'),
    '{"jsonrpc":"2.0","ID":1,"method":"m"}',
    `{"jsonrpc":"2.0","id":${FIRST_ASK},"Id":0,"result":{}}`.replace('"id"', '"iD"'),
  ])('a notification or an answer, which nobody waits for: %s', (text) => {
    const { toProcess, refused } = begin()
    toProcess(request('7'))

    expect(toProcess(text)).toBeUndefined()
    expect(refused).toEqual([])
  })

  test('but what a tool is given is its own matter', () => {
    const { toProcess } = begin()
    const own = ',"params":{"name":"t","arguments":{"id":1,"ID":2,"_meta":{"progresstoken":3}}}'

    expect(toProcess(request('7', own))).toBe(request('1', own))
  })
})

describe('a subscription', () => {
  const own = `"_meta":{"${META.subscriptionId}":`
  const listen = '{"jsonrpc":"2.0","id":"s","method":"subscriptions/listen","params":{}}'

  test('is what its notifications and its result name', () => {
    const { toProcess, fromProcess } = begin()
    toProcess(request('0'))
    toProcess(listen, 'x.2')

    const told = fromProcess(notify('tools/list_changed', `{${own}2}}`))
    expect(told?.text).toContain(`${own}"s"}`)
    expect(told?.meta.call).toBe('x.2')
    const result = `{"jsonrpc":"2.0","id":2,"result":{${own}2}}}`
    expect(fromProcess(result)?.text).toBe(
      result.replaceAll('2}', '"s"}').replace('"id":2', '"id":"s"'),
    )
  })

  test('that is over has none, and what belongs to none passes', () => {
    const { toProcess, fromProcess } = begin()
    toProcess(listen)
    toProcess(notify('cancelled', '{"requestId":"s"}'))

    expect(fromProcess(notify('tools/list_changed', `{${own}1}}`))).toBeUndefined()
    expect(fromProcess(notify('tools/list_changed', '{}'))?.text).toContain('list_changed')
  })
})

describe('a question of the process', () => {
  test('has a number that no other one has, and its answer has its own id', () => {
    const { toProcess, fromProcess } = begin()

    expect(fromProcess(request('0'))?.meta.id).toBe(FIRST_ASK)
    expect(fromProcess(request('"0"', token('"t"')))?.text).toBe(
      request(`${FIRST_ASK + 1}`, token(`${FIRST_ASK + 1}`)),
    )
    const report = notify('progress', `{"progressToken":${FIRST_ASK + 1}}`)
    expect(toProcess(report)).toBe(notify('progress', '{"progressToken":"t"}'))
    expect(toProcess(answer(`"${FIRST_ASK + 1}"`))).toBe(answer('"0"'))
    expect(toProcess(answer(`${FIRST_ASK}`))).toBe(answer('0'))
    expect(toProcess(answer(`${FIRST_ASK}`))).toBeUndefined()
  })

  test('that it takes back is taken back under its number', () => {
    const { toProcess, fromProcess } = begin()
    fromProcess(request('0'))

    expect(fromProcess(notify('cancelled', '{"requestId":0}'))?.text).toContain(`:${FIRST_ASK}}`)
    expect(toProcess(answer(`${FIRST_ASK}`))).toBeUndefined()
    expect(fromProcess(notify('cancelled', '{"requestId":0}'))).toBeUndefined()
  })

  test('that it takes back when it was answered is no request under the same number', () => {
    const { toProcess, fromProcess } = begin()
    fromProcess(request('1'))
    toProcess(answer(`${FIRST_ASK}`))
    toProcess(request('"a"'))

    expect(fromProcess(notify('cancelled', '{"requestId":1}'))).toBeUndefined()
    expect(fromProcess(answer('1'))?.text).toBe(answer('"a"'))
  })

  test('of another process is not answered here', () => {
    const [one, other] = [begin(), begin()]
    one.fromProcess(request('0'))
    other.fromProcess(request('0'))
    other.fromProcess(request('1'))

    expect(one.toProcess(answer(`${FIRST_ASK + 1}`))).toBeUndefined()
  })
})

test('numbers of questions stay where they are told apart from those of servers', () => {
  const numbers = new AskNumbers(1 - 2 ** -31)
  const taken = [numbers.next(), numbers.next(), numbers.next()]

  expect(new Set(taken).size).toBe(3)
  expect(taken.every((number) => isAskNumber(number) && number < 2 ** 31)).toBe(true)
  expect([0, 2 ** 30 - 1, 2 ** 31, `${2 ** 30}`].some(isAskNumber)).toBe(false)
})

test('each message to the process has the end that was asked for, whether anything is written into it or not', () => {
  const numbering = new Numbering(new AskNumbers(0), () => undefined, '\n')
  const written = [request('"a"', token('"t"')), request('null'), notify('initialized', '{}')]

  const texts = written.map((text) => numbering.toProcess(Buffer.from(text), undefined, 0)?.payload)

  expect(texts.map((bytes) => Buffer.from(bytes ?? []).toString())).toEqual([
    `${request('1', token('1'))}\n`,
    `${written[1]}\n`,
    `${written[2]}\n`,
  ])
})
