import { expect, test } from 'vitest'
import { Turns } from '#container/supervisor/start-queue.ts'
import { URGENCY, type Urgency } from '#protocol/link.ts'

type Name = `${'a' | 'b' | 'c'}${number}`

/** What has begun, in order, and the turns that run. */
function createStarts(atOnce: number, isShared = false) {
  const turns = new Turns(() => isShared, atOnce)
  const started: Name[] = []
  const running: (() => void)[] = []
  const cells = { a: {}, b: {}, c: {} }
  const settled = async (): Promise<void> => {
    for (let n = 0; n < 5; n += 1) await Promise.resolve()
  }
  return {
    turns,
    started,
    running,
    settled,
    start: (name: Name, urgency: Urgency = URGENCY.none) => {
      const ticket = { urgency }
      void turns.take(cells[name[0] as keyof typeof cells], ticket).then((end) => {
        started.push(name)
        running.push(end)
      })
      return ticket
    },
    endFirst: async () => {
      running.shift()?.()
      await settled()
    },
  }
}

test('so many start at once, and those that wait begin as others have come up', async () => {
  const { started, running, start, endFirst, settled } = createStarts(2)
  for (const name of ['a1', 'a2', 'a3', 'a4'] as const) start(name)
  await settled()
  expect(started).toEqual(['a1', 'a2'])

  const [first] = running
  await endFirst()
  first?.()
  await settled()

  expect(started).toEqual(['a1', 'a2', 'a3'])
})

test('one cell among several takes half', async () => {
  const { started, start, settled } = createStarts(4, true)
  for (const name of ['a1', 'a2', 'a3', 'b1'] as const) start(name)
  await settled()

  expect(started).toEqual(['a1', 'a2', 'b1'])
})

test('cells take turns', async () => {
  const { started, start, endFirst } = createStarts(1)
  for (const name of ['a1', 'a2', 'a3', 'b1', 'b2', 'c1'] as const) start(name)
  for (let n = 0; n < 6; n += 1) await endFirst()

  expect(started).toEqual(['a1', 'a2', 'b1', 'c1', 'a3', 'b2'])
})

test('a call waits neither for a list nor for what nobody asked for, and goes before both', async () => {
  const { started, start, endFirst, settled } = createStarts(1)
  for (const name of ['a1', 'a2'] as const) start(name)
  for (const name of ['a3', 'a4'] as const) start(name, URGENCY.list)
  for (const name of ['a5', 'a6'] as const) start(name, URGENCY.call)
  await settled()
  expect(started).toEqual(['a1', 'a3', 'a5'])

  for (let n = 0; n < 6; n += 1) await endFirst()

  expect(started).toEqual(['a1', 'a3', 'a5', 'a6', 'a4', 'a2'])
})

test('one that somebody came to wait for goes before those that it was behind', async () => {
  const { turns, started, start, settled } = createStarts(1)
  start('a1')
  start('b1')
  const waited = start('a2')
  await settled()

  waited.urgency = URGENCY.call
  turns.settle()
  await settled()

  expect(started).toEqual(['a1', 'a2'])
})
