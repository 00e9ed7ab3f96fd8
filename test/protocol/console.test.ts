import { expect, test } from 'vitest'
import { isLaunchOf, selectLines, type ConsoleLine } from '#protocol/console.ts'

const START = Date.parse('2026-01-01T00:00:00.000Z')
const line = (ms: number, text = `${ms}`): ConsoleLine => ({
  ...{ time: new Date(START + ms).toISOString(), pid: 1, stream: 'stderr', text },
})
const texts = (selected: { lines: ConsoleLine[] }) => selected.lines.map(({ text }) => text)

test('the newest lines are told, oldest first, and whether older ones were left out', () => {
  const all = [line(30), line(10), line(20)]

  expect(texts(selectLines(all, { lines: 5 }))).toEqual(['10', '20', '30'])
  expect(selectLines(all, { lines: 3 }).isCut).toBe(false)
  expect(texts(selectLines(all, { lines: 2 }))).toEqual(['20', '30'])
  expect(selectLines(all, { lines: 2 }).isCut).toBe(true)
})

test('lines before the time that is asked for are not told, and not missed', () => {
  const all = [line(10), line(20), line(30)]

  expect(selectLines(all, { since: START + 20, lines: 9 })).toEqual({
    ...{ lines: [line(20), line(30)], isCut: false },
  })
})

test('an answer is bounded in lines and in what they hold', () => {
  const long = Array.from({ length: 1_000 }, (_, at) => line(at, 'x'.repeat(8_192)))
  const many = Array.from({ length: 20_000 }, (_, at) => line(at))

  expect(selectLines(long, { lines: 1_000 }).lines).toHaveLength(512)
  expect(selectLines(many, { lines: 20_000 }).lines).toHaveLength(10_000)
})

test('the processes of a server are those of all its users, and of no other server', () => {
  expect(['git', 'git~0f3c', 'github', 'github~1'].map((one) => isLaunchOf(one, 'git'))).toEqual([
    ...[true, true, false, false],
  ])
})
