import { expect, test } from 'vitest'
import { StartTurns, type StartTurn } from '#container/supervisor/start-turns.ts'

/** What has started, in order, and the turns that they have. */
function createStarts(atOnce: number, isShared = false) {
  const turns = new StartTurns(() => isShared, atOnce)
  const started: string[] = []
  const running: StartTurn[] = []
  const cells = { a: {}, b: {}, c: {} }
  return {
    started,
    running,
    start: async (name: `${keyof typeof cells}${number}`) => {
      const turn = await turns.take(cells[name[0] as keyof typeof cells])
      started.push(name)
      running.push(turn)
    },
    endFirst: async () => {
      running.shift()?.end()
      await Promise.resolve()
      await Promise.resolve()
      await Promise.resolve()
    },
  }
}

test('so many start at once, and those that wait begin as others have come up', async () => {
  const { started, running, start, endFirst } = createStarts(2)
  for (const name of ['a1', 'a2', 'a3'] as const) void start(name)
  await Promise.resolve()
  expect(started).toEqual(['a1', 'a2'])

  const [first] = running
  await endFirst()
  first?.end()
  await Promise.resolve()

  expect(started).toEqual(['a1', 'a2', 'a3'])
})

test('one cell among several takes half', async () => {
  const { started, start } = createStarts(4, true)
  for (const name of ['a1', 'a2', 'a3', 'b1'] as const) void start(name)
  await Promise.resolve()

  expect(started).toEqual(['a1', 'a2', 'b1'])
})

test('cells take turns', async () => {
  const { started, start, endFirst } = createStarts(1)
  for (const name of ['a1', 'a2', 'a3', 'b1', 'b2', 'c1'] as const) void start(name)
  for (let n = 0; n < 6; n += 1) await endFirst()

  expect(started).toEqual(['a1', 'a2', 'b1', 'c1', 'a3', 'b2'])
})
