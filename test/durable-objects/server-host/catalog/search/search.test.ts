/** Full-text search in workerd, in the object's real storage. */
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startWorker, type RunningWorker } from '#test/worker/start-worker.ts'
import { QUESTIONS } from './questions.ts'

const ENTRY = fileURLToPath(new URL('fixtures/search-worker.mjs', import.meta.url))
const DEFINITIONS = new URL(
  '../../../../fixtures/servers/many-tools/definitions.mjs',
  import.meta.url,
)
const TOP_ONE = 28

interface Tool {
  server: string
  name: string
  description: string
  inputSchema?: object
}
interface Search {
  tools: Tool[]
  questions: string[]
  hidden?: string[]
  limit?: number
}

let worker: RunningWorker
let many: Tool[]

beforeAll(async () => {
  worker = await startWorker(ENTRY)
  const { makeDefinitions } = (await import(DEFINITIONS.href)) as {
    makeDefinitions: () => Record<string, Omit<Tool, 'server'>[]>
  }
  many = Object.entries(makeDefinitions()).flatMap(([server, tools]) =>
    tools.map((tool) => ({ server, ...tool })),
  )
}, 30_000)
afterAll(() => worker.stop())

async function ask<T>(name: string, method: string, ...args: unknown[]): Promise<T> {
  const url = new URL(`/search?name=v1:acme:${name}&method=${method}`, worker.url)
  const response = await fetch(url, { method: 'POST', body: JSON.stringify(args) })
  if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`)
  return (await response.json()) as T
}

const find = (name: string, search: Search) => ask<string[][]>(name, 'find', search)

test('of 500 tools the one that is meant is among the first three of each of 30 questions', async () => {
  expect(many).toHaveLength(500)
  expect(QUESTIONS).toHaveLength(30)
  const answers = await find('many', { tools: many, questions: QUESTIONS.map(([text]) => text) })

  const places = QUESTIONS.map(([text, tool], n) => ({ text, place: answers[n]!.indexOf(tool) }))
  expect(places.filter(({ place }) => place < 0 || place > 2)).toEqual([])
  const first = places.filter(({ place }) => place === 0).length
  console.log(`lazy search: ${first} of ${QUESTIONS.length} questions find their tool first`)
  expect(first).toBeGreaterThanOrEqual(TOP_ONE)
})

const TOOLS: Tool[] = [
  { server: 'a', name: 'getHTTPStatus', description: 'Tells whether a site is up.' },
  { server: 'a', name: 'list-running-pods', description: 'Shows pods.' },
  {
    ...{ server: 'b', name: 'write_note', description: 'Keeps a text.' },
    inputSchema: {
      properties: { note: { properties: { colour: { description: 'of the ink' } } } },
    },
  },
  { server: 'b', name: 'überweisen', description: 'Überweist Geld. 送金する' },
]

test.each([
  ['part of a name in camelCase', 'http status', 'a__getHTTPStatus'],
  ['a name in one word', 'gethttpstatus', 'a__getHTTPStatus'],
  ['a name as the catalog has it', 'a__list-running-pods', 'a__list-running-pods'],
  ['another form of a word', 'the pod runs', 'a__list-running-pods'],
  ['the beginning of a word', 'descr stat', 'a__getHTTPStatus'],
  ['an argument', 'ink colour', 'b__write_note'],
  ['another script', '送金する', 'b__überweisen'],
  ['letters without their marks', 'uberweisen', 'b__überweisen'],
])('%s finds it', async (_, question, tool) => {
  const [found] = await find('forms', { tools: TOOLS, questions: [question] })

  expect(found?.[0]).toBe(tool)
})

test('what is not visible is not found, whatever is asked', async () => {
  const hidden = ['a__getHTTPStatus', 'b__write_note']
  const questions = ['http status', 'write a note', 'pods', '*', '']
  const answers = await find('hidden', { tools: TOOLS, hidden, questions, limit: 25 })

  expect(answers.flat()).not.toContain('a__getHTTPStatus')
  expect(answers.flat()).not.toContain('b__write_note')
  expect(answers[2]?.[0]).toBe('a__list-running-pods')
  // No word at all: the first ones there are.
  expect(answers[3]).toEqual(['a__list-running-pods', 'b__überweisen'])
})

describe('nothing of a question is syntax', () => {
  test.each([
    ['"', 'pods" OR "a', 'pods"', "pods'", 'pods; DROP TABLE tool_words; --'],
    ['NEAR(pods shows, 2)', 'name: pods', '{name description} : pods', '^pods', 'pods NOT shows'],
    ['pods AND', 'OR', 'AND OR NOT', '(pods', 'pods)', 'pods + shows', '-pods', 'pods*', '***'],
    ['\u0000pods', 'pods\ud800', '\\pods', '%', '?1', ':a', `${'pods '.repeat(5_000)}`],
  ])('%j, …', async (...questions) => {
    const answers = await find('syntax', { tools: TOOLS, questions })

    expect(answers).toHaveLength(questions.length)
    questions.forEach((question, n) => {
      if (question.includes('pods')) expect(answers[n]).toContain('a__list-running-pods')
    })
    expect(await ask<string[]>('syntax', 'keys')).toHaveLength(TOOLS.length)
  })
})

test('a definition that changes is found by what it says now; what did not change is not written again', async () => {
  await find('changes', { tools: TOOLS, questions: ['pods'] })
  const before = await ask<string[]>('changes', 'keys')
  const changed = TOOLS.map((tool) =>
    tool.name === 'write_note' ? { ...tool, description: 'Paints a picture.' } : tool,
  )
  const answers = await find('changes', { tools: changed, questions: ['picture', 'keeps'] })

  expect(answers[0]).toEqual(['b__write_note'])
  // Nothing has this word now: the first of each server.
  expect(answers[1]?.[0]).not.toBe('b__write_note')
  const after = await ask<string[]>('changes', 'keys')
  expect(after.filter((key) => !before.includes(key))).toHaveLength(1)
})

test('tools that no list has do not pile up', async () => {
  const list = (round: number): Tool[] =>
    Array.from({ length: 6_000 }, (_, n) => {
      return { server: 'a', name: `tool_${n}`, description: `Round ${round}.` }
    })
  for (const round of [1, 2, 3])
    await find('many-rounds', { tools: list(round), questions: ['round'] })

  expect(await ask<string[]>('many-rounds', 'keys')).toHaveLength(6_000)
  const answers = await find('many-rounds', { tools: list(3), questions: ['tool 4711'] })
  expect(answers[0]?.[0]).toBe('a__tool_4711')
}, 60_000)

test('the index is in the storage of the object', async () => {
  await find('kept', { tools: TOOLS, questions: ['pods'] })
  const before = await ask<string[]>('kept', 'keys')
  await worker.restart()

  expect(await ask<string[]>('kept', 'keys')).toEqual(before)
  expect(await find('kept', { tools: TOOLS, questions: ['pods'] })).toEqual([
    ['a__list-running-pods'],
  ])
})
