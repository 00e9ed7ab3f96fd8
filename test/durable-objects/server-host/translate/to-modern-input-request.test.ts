import { expect, test } from 'vitest'
import type { Ask } from '#durable-objects/server-host/translate/to-modern-input-request.ts'
import {
  answerAsks,
  requiredCapabilities,
  toAsk,
  toInputRequired,
} from '#durable-objects/server-host/translate/to-modern-input-request.ts'
import { ELICITATION } from './everything-frames.ts'

const elicitation = { id: 0, key: 'elicitation-1', method: 'elicitation/create' } as const
const sampling = { id: 's', key: 'sampling-2', method: 'sampling/createMessage' } as const
const roots = { id: 5, key: 'roots-3', method: 'roots/list' } as const
const ASKS = [elicitation, sampling, roots]

const ACCEPTED = { action: 'accept', content: { name: 'Ann' } }
const SAMPLED = { role: 'assistant', model: 'm', content: { type: 'text', text: 'Paris' } }
const ROOTS = { roots: [] }

test('what a server asks becomes an input request under a readable key', () => {
  const ask = toAsk(ELICITATION, 1)

  expect(ask).toEqual({ ...elicitation, params: ELICITATION.params })
  expect(ask && toInputRequired([ask], 'state', { name: 's' })).toEqual({
    resultType: 'input_required',
    inputRequests: {
      'elicitation-1': { method: 'elicitation/create', params: ELICITATION.params },
    },
    requestState: 'state',
    _meta: { 'io.modelcontextprotocol/serverInfo': { name: 's' } },
  })
})

test('what the modern era does not have is left out of an ask', () => {
  const params = {
    mode: 'url',
    url: 'https://a.example/',
    message: 'm',
    elicitationId: 'e',
    task: {},
    _meta: { progressToken: 1, x: 2 },
  }
  const ask = toAsk({ jsonrpc: '2.0', id: 1, method: 'elicitation/create', params }, 2)
  expect(ask?.params).toEqual({ mode: 'url', url: params.url, message: 'm', _meta: { x: 2 } })
})

test.each(['ping', 'tools/list', 'toString', '__proto__'])('%s is nothing to ask', (method) => {
  expect(toAsk({ jsonrpc: '2.0', id: 1, method }, 1)).toBeUndefined()
})

interface Need {
  name: string
  ask: Ask
  declared: Record<string, unknown>
  missing: unknown
}

const form: Ask = { key: 'k', method: 'elicitation/create', params: { message: 'm' } }
const url: Ask = { ...form, params: { mode: 'url' } }
const plain: Ask = { key: 'k', method: 'sampling/createMessage', params: {} }
const tools: Ask = { ...plain, params: { tools: [] } }

const NEEDS: Need[] = [
  {
    name: 'a form, of one who said elicitation',
    ask: form,
    declared: { elicitation: {} },
    missing: undefined,
  },
  {
    name: 'a form, of one who said form',
    ask: form,
    declared: { elicitation: { form: {} } },
    missing: undefined,
  },
  {
    name: 'a form, of one who said URL only',
    ask: form,
    declared: { elicitation: { url: {} } },
    missing: { elicitation: { form: {} } },
  },
  {
    name: 'a form, of one who said nothing',
    ask: form,
    declared: {},
    missing: { elicitation: { form: {} } },
  },
  {
    name: 'a URL, of one who said elicitation',
    ask: url,
    declared: { elicitation: {} },
    missing: { elicitation: { url: {} } },
  },
  {
    name: 'a URL, of one who said URL',
    ask: url,
    declared: { elicitation: { url: {} } },
    missing: undefined,
  },
  { name: 'sampling, of one who can', ask: plain, declared: { sampling: {} }, missing: undefined },
  {
    name: 'sampling, of one who cannot',
    ask: plain,
    declared: { sampling: null },
    missing: { sampling: {} },
  },
  {
    name: 'sampling with tools, of one without',
    ask: tools,
    declared: { sampling: {} },
    missing: { sampling: { tools: {} } },
  },
  {
    name: 'sampling with tools, of one with',
    ask: tools,
    declared: { sampling: { tools: {} } },
    missing: undefined,
  },
  { name: 'roots, of one who has', ask: roots, declared: { roots: {} }, missing: undefined },
  { name: 'roots, of one who has not', ask: roots, declared: {}, missing: { roots: {} } },
]

test.each(NEEDS)('$name', ({ ask, declared, missing }) => {
  expect(requiredCapabilities([ask], declared)).toEqual(missing)
})

test('all that is missing is named at once', () => {
  expect(requiredCapabilities([form, url, tools, roots], {})).toEqual({
    elicitation: { form: {}, url: {} },
    sampling: { tools: {} },
    roots: {},
  })
})

test('answers become responses to the ids that the server waits for', () => {
  const inputResponses = {
    'roots-3': ROOTS,
    'elicitation-1': ACCEPTED,
    'sampling-2': SAMPLED,
    x: 1,
  }
  expect(answerAsks(ASKS, inputResponses)).toEqual({
    ok: true,
    responses: [
      { jsonrpc: '2.0', id: 0, result: ACCEPTED },
      { jsonrpc: '2.0', id: 's', result: SAMPLED },
      { jsonrpc: '2.0', id: 5, result: ROOTS },
    ],
    unanswered: [],
  })
})

test.each([
  ['missing', undefined],
  ['of another key', { 'elicitation-2': ACCEPTED }],
  ['a number', { 'elicitation-1': 12345 }],
  ['a result of another kind', { 'elicitation-1': SAMPLED }],
  ['an unknown action', { 'elicitation-1': { action: 'shrug' } }],
])('an answer that is %s leaves the ask open', (_name, inputResponses) => {
  const answers = answerAsks([elicitation], inputResponses)
  expect(answers).toEqual({ ok: true, responses: [], unanswered: [elicitation] })
})

test('one answer of two leaves the other open', () => {
  const answers = answerAsks([elicitation, sampling], { 'sampling-2': SAMPLED })
  expect(answers).toMatchObject({ responses: [{ id: 's' }], unanswered: [elicitation] })
})

test.each([null, [], 'x', 1])('answers that are %j are refused', (inputResponses) => {
  expect(answerAsks([elicitation], inputResponses)).toMatchObject({ ok: false })
})
