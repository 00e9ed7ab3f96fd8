import { expect, test } from 'vitest'
import { toInertJSON, toPlain, toTable, toTime } from '#cli/table.ts'

test('columns are as wide as their widest cell, and lines have no trailing space', () => {
  const table = toTable(
    ['NAME', 'N', 'LAST'],
    [
      ['a', 10, undefined],
      ['longer', 2, 'x'],
    ],
  )

  expect(table).toBe('NAME    N   LAST\na       10  -\nlonger  2   x\n')
})

test('a name cannot write to the terminal, add a line or hide text', () => {
  const table = toTable(['NAME'], [['\u001b[2Jroot\nok\u202e\u0085']])

  expect(table).toBe('NAME\n\\u{1b}[2Jroot\\u{a}ok\\u{202e}\\u{85}\n')
  expect(toPlain('größe 测试 🙂')).toBe('größe 测试 🙂')
})

test('a time is UTC to the second', () => {
  expect(toTime(1_795_260_011_738)).toBe('2026-11-21T11:20:11Z')
  expect(toTime(undefined)).toBeUndefined()
})

test('JSON in which a terminal would obey something becomes the same JSON without it', () => {
  const value = { text: 'a\u009b2Jb\u202ec\u007f\u2028 \u{e0001} é\n' }
  const shown = toInertJSON(JSON.stringify(value))

  expect(shown).toMatch(/^[\x20-\x7eé]+$/)
  expect(JSON.parse(shown)).toEqual(value)
})
