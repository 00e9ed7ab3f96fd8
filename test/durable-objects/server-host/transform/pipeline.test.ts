/** What a server's transformers do to messages, as pure functions of their bytes. */
import { describe, expect, test } from 'vitest'
import type { CallContext, Spilled } from '#durable-objects/server-host/transform/stage.ts'
import { Pipeline } from '#durable-objects/server-host/transform/pipeline.ts'
import type { Transformer } from '#durable-objects/server-host/transform/transformer.ts'
import { REDACTED } from '#protocol/redaction.ts'
import { Transformers } from '#protocol/transform.ts'
import { createRandom } from '#test/support/random.ts'

const bytes = (value: unknown) =>
  new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value))
const text = (json: Uint8Array) => new TextDecoder().decode(json)
const parse = (json: Uint8Array) => JSON.parse(text(json)) as Record<string, unknown>

const CONTEXT: CallContext = {
  server: 's',
  method: 'tools/call',
  target: 'find',
  era: 'legacy',
  principal: 'p',
  requestId: 'r-1',
  client: { name: 'c', version: '2' },
}
const make = (list: object[], registered: Transformer[] = []) =>
  new Pipeline(Transformers.parse(list), registered)
const answerOf = (result: unknown) => bytes({ jsonrpc: '2.0', id: 1, result })
const KEY = `ghp_${'aB3dE5gH7j'.repeat(4)}`.slice(0, 40)

describe('metadata', () => {
  const pipeline = make([{ use: 'metadata', gateway: 'edge-1' }])
  const facts = {
    'hearth/requestId': 'r-1',
    'hearth/client': { name: 'c', version: '2' },
    'hearth/gateway': 'edge-1',
  }

  test('says in a request and in a result which call it is', () => {
    const request = { jsonrpc: '2.0', id: 7, method: 'tools/call', params: { name: 'find' } }
    expect(parse(pipeline.request(CONTEXT, bytes(request)))).toEqual({
      ...request,
      params: { name: 'find', _meta: facts },
    })
    expect(parse(pipeline.answer(CONTEXT, answerOf({ content: [] })))).toMatchObject({
      result: { content: [], _meta: facts },
    })
  })

  test('leaves what is in _meta already byte for byte, and takes the place of a forged fact', () => {
    const request = bytes(
      '{"id":1e0,"params":{"_meta":{"progressToken":1.0,"hearth/requestId":"x"},"name":"find"}}',
    )
    expect(text(pipeline.request(CONTEXT, request))).toBe(
      '{"id":1e0,"params":{"_meta":{"progressToken":1.0,"hearth/requestId":"r-1",' +
        '"hearth/client":{"name":"c","version":"2"},"hearth/gateway":"edge-1"},"name":"find"}}',
    )
  })

  test('says nothing in an error', () => {
    const error = bytes({ jsonrpc: '2.0', id: 1, error: { code: -1, message: 'no' } })
    expect(pipeline.answer(CONTEXT, error)).toBe(error)
  })
})

describe('redaction', () => {
  const everything = {
    ...{ use: 'redaction', in: ['arguments', 'results', 'logs'] },
    ...{ personal: ['email', 'card'], fields: ['password', '*_token'], patterns: ['ACME-*'] },
  }
  const pipeline = make([everything])

  test.each([
    { name: 'a text', result: { content: [{ type: 'text', text: `k ${KEY}` }] } },
    {
      name: 'a resource',
      result: { content: [{ type: 'resource', resource: { uri: 'x:', text: KEY } }] },
    },
    { name: 'structured content', result: { structuredContent: { deep: [{ a: KEY }] } } },
    { name: 'a name in structured content', result: { structuredContent: { [KEY]: 1 } } },
    { name: 'contents of a resource', result: { contents: [{ uri: 'x:', text: KEY }] } },
    {
      name: 'a message of a prompt',
      result: { messages: [{ role: 'user', content: { type: 'text', text: KEY } }] },
    },
    {
      name: 'messages with several blocks',
      result: { messages: [{ role: 'user', content: [{ type: 'text', text: KEY }] }] },
    },
    { name: 'the description of a prompt', result: { description: KEY } },
    { name: 'a completion', result: { completion: { values: ['a', KEY] } } },
    {
      name: 'the description of a link',
      result: { content: [{ type: 'resource_link', uri: 'x:', name: 'n', description: KEY }] },
    },
    {
      name: 'what a server asks',
      result: {
        resultType: 'input_required',
        inputRequests: { 'a b': { method: 'elicitation/create', params: { message: KEY } } },
      },
    },
    {
      name: 'JSON in a text',
      result: { content: [{ type: 'text', text: JSON.stringify({ a: [KEY] }) }] },
    },
    {
      name: 'a secret that is written with escapes',
      result: { content: [{ type: 'text', text: `{"a":"\\u0067${KEY.slice(1)}"}` }] },
    },
  ])('takes a secret out of $name, and leaves the rest', ({ result }) => {
    const shown = text(pipeline.answer(CONTEXT, answerOf(result)))
    expect(shown).not.toContain(KEY.slice(1))
    expect(shown).toContain(REDACTED)
    expect(JSON.parse(shown.replaceAll(REDACTED, KEY))).toMatchObject({ jsonrpc: '2.0', id: 1 })
  })

  test('takes a secret out of an error, and leaves its code', () => {
    const error = { code: -32001, message: `refused: ${KEY}`, data: { key: KEY, n: 1 } }
    expect(parse(pipeline.answer(CONTEXT, bytes({ jsonrpc: '2.0', id: 1, error })))).toEqual({
      ...{ jsonrpc: '2.0', id: 1 },
      error: { code: -32001, message: `refused: ${REDACTED}`, data: { key: REDACTED, n: 1 } },
    })
  })

  test('takes fields whatever they hold, in any letters, also in JSON within a text', () => {
    const inner = JSON.stringify({ Password: { a: 1 }, kept: 1.5 })
    const result = {
      content: [{ type: 'text', text: inner }],
      structuredContent: { access_token: 5, password: null, ok: true },
    }
    expect(parse(pipeline.answer(CONTEXT, answerOf(result))).result).toEqual({
      content: [{ type: 'text', text: `{"Password":"${REDACTED}","kept":1.5}` }],
      structuredContent: { access_token: REDACTED, password: null, ok: true },
    })
  })

  test('keeps the types of fields when asked to, so that an output schema still fits', () => {
    const typed = make([{ ...everything, fields: ['?'], keepTypes: true }])
    const structuredContent = { a: 'x', b: 5, c: true, d: { e: 1 }, f: [1] }
    expect(parse(typed.answer(CONTEXT, answerOf({ structuredContent }))).result).toEqual({
      structuredContent: { a: REDACTED, b: 0, c: false, d: {}, f: [] },
    })
  })

  test('takes words that fit a pattern, and a card that is a number', () => {
    const result = {
      content: [{ type: 'text', text: 'see ACME-77, "ACME-1". LACME-2 stays' }],
      structuredContent: { n: 4111111111111111 },
    }
    expect(parse(pipeline.answer(CONTEXT, answerOf(result))).result).toEqual({
      content: [{ type: 'text', text: `see ${REDACTED}, "${REDACTED}". LACME-2 stays` }],
      structuredContent: { n: REDACTED },
    })
  })

  test('takes out of arguments, and leaves name, URI, id and token', () => {
    const request = {
      ...{ jsonrpc: '2.0', id: KEY, method: 'tools/call' },
      params: { name: KEY, arguments: { q: KEY, password: 1 }, _meta: { progressToken: KEY } },
    }
    expect(parse(pipeline.request(CONTEXT, bytes(request)))).toEqual({
      ...request,
      params: { ...request.params, arguments: { q: REDACTED, password: REDACTED } },
    })
  })

  test.each([
    ['notifications/progress', { progressToken: KEY, progress: 1, message: KEY }, 'message'],
    ['notifications/message', { level: 'info', data: { a: KEY } }, 'data'],
    ['elicitation/create', { message: KEY, requestedSchema: { type: 'object' } }, 'message'],
    [
      'sampling/createMessage',
      { messages: [{ content: { type: 'text', text: KEY } }] },
      'messages',
    ],
  ])('takes out of %s', (method, params, member) => {
    const message = bytes({ jsonrpc: '2.0', method, params })
    const shown = parse(pipeline.event(CONTEXT, message, method)).params as Record<string, unknown>
    expect(JSON.stringify(shown[member])).toContain(REDACTED)
    expect({ ...shown, [member]: 0 }).toEqual({ ...params, [member]: 0 })
  })

  test('reads no base64, URI, type or cursor', () => {
    const result = {
      content: [
        { type: 'image', data: KEY, mimeType: KEY },
        { type: 'resource_link', uri: `https://x/${KEY}`, name: KEY },
      ],
      _meta: { a: KEY },
      nextCursor: KEY,
      requestState: KEY,
    }
    const answer = answerOf(result)
    expect(pipeline.answer(CONTEXT, answer)).toBe(answer)
  })

  test('refuses what is nested too deeply to be read, and says nothing of it', () => {
    const answer = bytes(
      `{"result":{"structuredContent":${'['.repeat(5_000)}"${KEY}"${']'.repeat(5_000)}}}`,
    )
    expect(() => pipeline.answer(CONTEXT, answer)).toThrow(
      'A transformer of the gateway failed: redaction',
    )
  })

  test('shows in our own logs what is left', () => {
    expect(pipeline.logged(`https://x/?access_token=${KEY}`)).toBe(
      `https://x/?access_token=${REDACTED}`,
    )
    expect(make([{ use: 'redaction', in: ['results'] }]).logged(KEY)).toBe(KEY)
  })
})

describe('result size', () => {
  const note = /^\[hearth: (\d+) of (\d+) bytes were left out of this result\]$/

  test('leaves a result that is small enough as it is', () => {
    const answer = answerOf({ content: [{ type: 'text', text: 'x'.repeat(900) }] })
    expect(make([{ use: 'result-size', maxBytes: 1_024 }]).answer(CONTEXT, answer)).toBe(answer)
  })

  test.each(['é', '"\\\n', '😀', 'a line of text\n'])(
    'cuts a text between characters: %j',
    (unit) => {
      const answer = answerOf({ content: [{ type: 'text', text: unit.repeat(20_000) }], more: 1.5 })
      const shown = make([{ use: 'result-size', maxBytes: 4_096 }]).answer(CONTEXT, answer)
      const { content, more } = parse(shown).result as { content: { text: string }[]; more: number }

      expect(shown.length).toBeLessThanOrEqual(4_096)
      expect(shown.length).toBeGreaterThan(2_048)
      expect(unit.repeat(20_000).startsWith(content[0]?.text ?? '?')).toBe(true)
      expect(content[0]?.text.isWellFormed()).toBe(true)
      expect(content[1]?.text).toMatch(note)
      expect(more).toBe(1.5)
    },
  )

  test('leaves out what cannot be cut, and says that structured content is missing by an error', () => {
    const result = {
      content: [
        { type: 'text', text: 'kept' },
        { type: 'image', data: 'A'.repeat(9_000), mimeType: 'image/png' },
      ],
      structuredContent: { rows: 'x'.repeat(9_000) },
    }
    const shown = make([{ use: 'result-size', maxBytes: 2_048 }]).answer(CONTEXT, answerOf(result))
    expect(parse(shown).result).toEqual({
      content: [
        { type: 'text', text: 'kept' },
        { type: 'text', text: expect.stringMatching(note) },
      ],
      isError: true,
    })
  })

  test('spills the whole, and links to it', () => {
    const kept: { content: Spilled; keepMs: number }[] = []
    const spill = (content: Spilled, keepMs: number) => {
      kept.push({ content, keepMs })
      return 'hearth://spill/1'
    }
    const whole = 'line\n'.repeat(100_000)
    const pipeline = make([
      { use: 'result-size', maxBytes: 4_096, whenLarger: 'spill', keepMs: 5_000 },
    ])
    const answer = answerOf({ content: [{ type: 'text', text: whole }] })
    const shown = parse(pipeline.answer({ ...CONTEXT, spill }, answer)).result as {
      content: Record<string, string>[]
    }

    expect(
      kept.map(({ content, keepMs }) => [text(content.data), content.mimeType, keepMs]),
    ).toEqual([[whole, 'text/plain', 5_000]])
    expect(shown.content.map(({ type }) => type)).toEqual(['text', 'text', 'resource_link'])
    expect(shown.content[2]).toMatchObject({ uri: 'hearth://spill/1', size: whole.length })
    const old = parse(pipeline.answer({ ...CONTEXT, spill, protocol: '2025-03-26' }, answer))
    expect(JSON.stringify(old)).toContain('the resource hearth://spill/1')
    expect(JSON.stringify(old)).not.toContain('resource_link')
  })

  test('keeps nothing that a redaction takes out', () => {
    const kept: Uint8Array[] = []
    const pipeline = make([
      { use: 'result-size', maxBytes: 1_024, whenLarger: 'spill' },
      { use: 'redaction' },
    ])
    const spill = ({ data }: Spilled) => {
      kept.push(data)
      return 'hearth://spill/2'
    }
    pipeline.answer(
      { ...CONTEXT, spill },
      answerOf({ content: [{ type: 'text', text: `${KEY} `.repeat(90) }] }),
    )
    expect(kept.map(text).join()).not.toContain(KEY)
  })

  test('cuts where there is no room to spill, and never a question', () => {
    const pipeline = make([{ use: 'result-size', maxBytes: 1_024, whenLarger: 'spill' }])
    const content = [{ type: 'text', text: 'x'.repeat(5_000) }]
    const cut = parse(
      pipeline.answer({ ...CONTEXT, spill: () => undefined }, answerOf({ content })),
    )
    expect(JSON.stringify(cut)).toContain('bytes were left out')
    const question = answerOf({ content, resultType: 'input_required' })
    expect(pipeline.answer(CONTEXT, question)).toBe(question)
  })
})

describe('a transformer of one’s own', () => {
  const shout: Transformer = {
    name: 'shout',
    configure: ({ mark = '!' }) => ({
      onRequest: (_, { arguments: given }) => ({ arguments: { ...(given as object), mark } }),
      onResult: (_, { content }) => ({ content, shouted: true, gone: undefined }),
      onEvent: (_, { params }) => ({ message: String(params.message).toUpperCase() }),
    }),
  }

  test('changes members, and the others stay byte for byte', () => {
    const pipeline = make([{ use: 'custom', name: 'shout', options: { mark: '?' } }], [shout])
    expect(
      text(pipeline.request(CONTEXT, bytes('{"params":{"x":1.0,"arguments":{"a":1}},"id":1.0}'))),
    ).toBe('{"params":{"x":1.0,"arguments":{"a":1,"mark":"?"}},"id":1.0}')
    expect(
      text(pipeline.answer(CONTEXT, bytes('{"id":1.0,"result":{"gone":1,"n":1.0,"content":[]}}'))),
    ).toBe('{"id":1.0,"result":{"n":1.0,"content":[],"shouted":true}}')
    const event = bytes(
      '{"method":"notifications/progress","params":{"message":"a","progressToken":1.0}}',
    )
    expect(text(pipeline.event(CONTEXT, event, 'notifications/progress'))).toBe(
      '{"method":"notifications/progress","params":{"message":"A","progressToken":1.0}}',
    )
  })

  test.each(['name', 'uri', '_meta', 'requestState'])('cannot change %s of a request', (member) => {
    const forger: Transformer = {
      name: 'f',
      configure: () => ({ onRequest: () => ({ [member]: 'x' }) }),
    }
    expect(() =>
      make([{ use: 'custom', name: 'f' }], [forger]).request(CONTEXT, bytes('{"params":{}}')),
    ).toThrow('A transformer of the gateway failed: f')
  })

  test('that throws fails the call without a word of what it saw', () => {
    const thrower: Transformer = {
      name: 't',
      configure: () => ({
        onResult: (_, result) => {
          throw new Error(JSON.stringify(result))
        },
      }),
    }
    const fail = () =>
      make([{ use: 'custom', name: 't' }], [thrower]).answer(CONTEXT, answerOf({ secret: KEY }))
    expect(fail).toThrow(/^A transformer of the gateway failed: t$/)
  })

  test('that is not registered fails every call: nothing passes unseen', () => {
    const pipeline = make([{ use: 'custom', name: 'missing' }])
    expect(() => pipeline.request(CONTEXT, bytes('{"params":{}}'))).toThrow(
      'no transformer "missing"',
    )
  })
})

test('a request is seen in the order of the document, whatever the order of the list', () => {
  const seen: unknown[] = []
  const spy: Transformer = {
    name: 'spy',
    configure: () => ({
      onRequest: (_, params) => {
        seen.push(params)
        return { arguments: { ...(params.arguments as object), own: KEY } }
      },
    }),
  }
  const pipeline = make(
    [
      { use: 'metadata' },
      { use: 'redaction', in: ['arguments'] },
      { use: 'custom', name: 'spy' },
      { use: 'arguments', defaults: { a: KEY } },
    ],
    [spy],
  )
  const sent = parse(pipeline.request(CONTEXT, bytes('{"params":{"name":"find"}}'))).params

  expect(seen).toEqual([{ name: 'find', arguments: { a: KEY } }])
  expect(sent).toMatchObject({
    arguments: { a: REDACTED, own: REDACTED },
    _meta: expect.anything(),
  })
})

test('a match says which calls are meant', () => {
  const pipeline = make([{ use: 'arguments', match: { tools: ['fi*'] }, fixed: { a: 1 } }])
  const request = bytes('{"params":{}}')

  expect(pipeline.request(CONTEXT, request)).not.toBe(request)
  expect(pipeline.request({ ...CONTEXT, target: 'get' }, request)).toBe(request)
  expect(pipeline.request({ ...CONTEXT, method: 'prompts/get' }, request)).toBe(request)
})

test('whatever passes by, only what was asked for is another', () => {
  const random = createRandom(4_711)
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T
  const grow = (depth: number): unknown => {
    const kind = depth === 0 ? pick(['text', 'number', 'bare']) : pick(['object', 'array', 'text'])
    if (kind === 'object') {
      return Object.fromEntries(
        Array.from({ length: 3 }, () => [pick(['a', 'password', 'é"', 'z']), grow(depth - 1)]),
      )
    }
    if (kind === 'array') return Array.from({ length: 2 }, () => grow(depth - 1))
    if (kind === 'text')
      return pick(['plain', `x ${KEY}`, 'a@b.example', '{"password":"p","b":1}', '\u2028"\\'])
    return kind === 'number' ? pick([1, 1.5e300, 4111111111111111, -2.5]) : pick([true, null])
  }
  const pipeline = make([{ use: 'redaction', personal: ['card', 'email'], fields: ['password'] }])
  for (let time = 0; time < 300; time++) {
    const structuredContent = grow(4)
    const shown = parse(pipeline.answer(CONTEXT, answerOf({ structuredContent }))).result as {
      structuredContent: unknown
    }
    expect(shown.structuredContent).toEqual(expected(structuredContent))
  }
})

/** The same by parsing everything. */
function expected(value: unknown, key = ''): unknown {
  if (key === 'password') return value === null ? null : REDACTED
  if (Array.isArray(value)) return value.map((one) => expected(one))
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([name, one]) => [name, expected(one, name)]),
    )
  }
  if (value === 4111111111111111) return REDACTED
  if (typeof value !== 'string') return value
  return value
    .replace(KEY, REDACTED)
    .replace('a@b.example', REDACTED)
    .replace('"password":"p"', `"password":"${REDACTED}"`)
}
