/** How often a question finds its tool among 329 of 34 servers, in workerd. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startWorker, type RunningWorker } from '#test/worker/start-worker.ts'
import { DEVELOPMENT } from './development-questions.ts'
import { EVERYDAY } from './everyday-questions.ts'
import { HELD_OUT } from './held-out-questions.ts'

type Definitions = Record<string, [name: string, description: string, args: string][]>

const ENTRY = fileURLToPath(new URL('fixtures/search-worker.mjs', import.meta.url))
const TOOLS = new URL('../../../../fixtures/tools.json', import.meta.url)
const tools = Object.entries(JSON.parse(readFileSync(TOOLS, 'utf8')) as Definitions).flatMap(
  ([server, all]) =>
    all.map(([name, description, args]) => {
      const names = args === '' ? [] : args.split(', ')
      const properties = Object.fromEntries(names.map((argument) => [argument, {}]))
      return { server, name, description, inputSchema: { type: 'object', properties } }
    }),
)
let worker: RunningWorker

beforeAll(async () => {
  worker = await startWorker(ENTRY)
}, 30_000)
afterAll(() => worker.stop())

/** How many find one of their tools first, and among the first five. */
async function rate(name: string, asked: readonly (readonly string[])[]) {
  const url = new URL(`/search?name=v1:acme:${name}&method=find`, worker.url)
  const questions = asked.map(([question]) => question)
  const body = JSON.stringify([{ tools, questions, limit: 5 }])
  const answers = (await (await fetch(url, { method: 'POST', body })).json()) as string[][]
  const places = asked.map(([, ...wanted], at) =>
    answers[at]!.findIndex((tool) => wanted.includes(tool)),
  )
  const [first, five] = [
    places.filter((place) => place === 0),
    places.filter((place) => place >= 0),
  ]
  console.log(`${name}: ${first.length} first, ${five.length} among five, of ${asked.length}`)
  return { first: first.length, five: five.length }
}

test('40 questions that the search was not tuned to find their tool', async () => {
  expect([tools.length, HELD_OUT.length]).toEqual([329, 40])
  const { first, five } = await rate('held-out', HELD_OUT)

  expect(first).toBeGreaterThanOrEqual(28)
  expect(five).toBeGreaterThanOrEqual(37)
})

test('94 questions that it was tuned to find theirs', async () => {
  expect(EVERYDAY).toHaveLength(94)
  const { first, five } = await rate('everyday', EVERYDAY)

  expect(first).toBeGreaterThanOrEqual(64)
  expect(five).toBeGreaterThanOrEqual(90)
})

test('60 questions that it was tuned to last find theirs', async () => {
  expect(DEVELOPMENT).toHaveLength(60)
  const { first, five } = await rate('development', DEVELOPMENT)

  expect(first).toBeGreaterThanOrEqual(42)
  expect(five).toBeGreaterThanOrEqual(54)
})

test('every question has an answer', async () => {
  const questions = [['calender'], ['xyzzy'], ['こんにちは']]
  const url = new URL('/search?name=v1:acme:guess&method=find', worker.url)
  const body = JSON.stringify([{ tools, questions: questions.flat(), limit: 5 }])
  const [typo, nothing, script] = (await (
    await fetch(url, { method: 'POST', body })
  ).json()) as string[][]

  expect(typo?.every((tool) => tool.startsWith('calendar__'))).toBe(true)
  // One of each server.
  expect(new Set(nothing?.map((tool) => tool.split('__')[0])).size).toBe(5)
  expect(script).toHaveLength(5)
})

test('what is used most comes first where nothing fits, and of what fits alike', async () => {
  const used = [
    { server: 'zoom', name: 'zoom_list_recordings' },
    { server: 'time', name: 'convert_time' },
    { server: 'time', name: 'convert_time' },
  ]
  const url = new URL('/search?name=v1:acme:uses&method=find', worker.url)
  const twins = ['a', 'b'].map((server) => {
    return { server, name: 'polish', description: 'Polishes it', inputSchema: { type: 'object' } }
  })
  const find = async (more: object): Promise<string[]> => {
    const body = JSON.stringify([{ limit: 3, ...more }])
    return ((await (await fetch(url, { method: 'POST', body })).json()) as string[][])[0]!
  }

  const nothing = await find({ tools, used, questions: ['xyzzy'] })
  const alike = await find({ tools: twins, questions: ['polish'] })
  const preferred = await find({ tools: twins, used: [twins[1]], questions: ['polish'] })

  expect(nothing.slice(0, 2)).toEqual(['time__convert_time', 'zoom__zoom_list_recordings'])
  expect(nothing).toHaveLength(3)
  expect(alike).toEqual(['a__polish', 'b__polish'])
  expect(preferred).toEqual(['b__polish', 'a__polish'])
})
