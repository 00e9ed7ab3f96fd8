import { describe, expect, test } from 'vitest'
import { LineSplitter } from '#container/stdio/framing.ts'
import { cpuMs } from '#test/support/cpu-time.ts'

const MAX_BYTES = 64

interface Case {
  name: string
  chunks: string[]
  lines: string[]
}

const CASES: Case[] = [
  { name: 'one line in one chunk', chunks: ['{"a":1}\n'], lines: ['{"a":1}'] },
  { name: 'several lines in one chunk', chunks: ['1\n2\n3\n'], lines: ['1', '2', '3'] },
  { name: 'one line over several chunks', chunks: ['{"a"', ':1', '}\n'], lines: ['{"a":1}'] },
  { name: 'the end of a line in its own chunk', chunks: ['1', '\n2', '\n'], lines: ['1', '2'] },
  { name: 'CRLF', chunks: ['1\r\n2\r', '\n'], lines: ['1', '2'] },
  { name: 'a raw CR inside a line', chunks: ['{\r"a":1}\n'], lines: ['{ "a":1}'] },
  { name: 'a byte order mark at the beginning', chunks: ['\uFEFF1\n2\n'], lines: ['1', '2'] },
  { name: 'one on a line of its own', chunks: ['\uFEFF\n1\n'], lines: ['1'] },
  { name: 'one later on', chunks: ['1\n\uFEFF2\n'], lines: ['1', '\uFEFF2'] },
  { name: 'empty lines', chunks: ['\n\r\n1\n\n'], lines: ['1'] },
  { name: 'a last line without an end', chunks: ['1\n2'], lines: ['1', '2'] },
  { name: 'a line of exactly the bound', chunks: ['x'.repeat(64), '\n'], lines: ['x'.repeat(64)] },
]

function split(chunks: Buffer[]): { lines: string[]; oversize: [string, string][] } {
  const lines: string[] = []
  const oversize: [string, string][] = []
  const splitter = new LineSplitter(MAX_BYTES, {
    onLine: (line) => lines.push(line.toString()),
    onOversize: (head, tail) => oversize.push([head.toString(), tail.toString()]),
  })
  for (const chunk of chunks) splitter.push(chunk)
  splitter.flush()
  return { lines, oversize }
}

describe('lines come out whole', () => {
  for (const { name, chunks, lines } of CASES) {
    test(name, () => {
      expect(split(chunks.map((chunk) => Buffer.from(chunk)))).toEqual({ lines, oversize: [] })
    })
  }

  test('wherever the bytes of a character are cut', () => {
    const bytes = Buffer.from('{"text":"añ𝄞"}\n{"b":"→"}\n')

    for (let at = 1; at < bytes.length; at += 1) {
      const { lines } = split([Buffer.from(bytes.subarray(0, at)), Buffer.from(bytes.subarray(at))])
      expect(lines).toEqual(['{"text":"añ𝄞"}', '{"b":"→"}'])
    }
  })
})

describe('a line over the bound', () => {
  test('is discarded alone, and both its ends are told', () => {
    const long = `head${'x'.repeat(80)}tail`

    const { lines, oversize } = split([Buffer.from(`1\n${long}\n2\n`)])

    expect(lines).toEqual(['1', '2'])
    expect(oversize).toEqual([[long, long]])
  })

  test('is told once however many chunks it has', () => {
    const { lines, oversize } = split([...'y'.repeat(90), '\n', '2\n'].map((c) => Buffer.from(c)))

    expect(lines).toEqual(['2'])
    expect(oversize).toHaveLength(1)
  })

  test('keeps no more than its ends', () => {
    const ends: number[] = []
    const splitter = new LineSplitter(MAX_BYTES, {
      onLine: () => undefined,
      onOversize: (head, tail) => ends.push(head.length, tail.length),
    })
    for (let n = 0; n < 10; n += 1) splitter.push(Buffer.alloc(5_000, 'x'))
    splitter.push(Buffer.from('\n'))

    expect(ends).toEqual([4096, 4096])
  })
})

test('a line of 32 MiB in small chunks takes linear time', () => {
  const chunk = Buffer.alloc(1024, 'x')
  let length = 0
  const splitter = new LineSplitter(32 * 1024 * 1024, {
    onLine: (line) => (length = line.length),
    onOversize: () => undefined,
  })
  const startedAt = cpuMs()
  for (let n = 0; n < 32 * 1024; n += 1) splitter.push(chunk)
  splitter.push(Buffer.from('\n'))

  expect(length).toBe(32 * 1024 * 1024)
  expect(cpuMs() - startedAt).toBeLessThan(3_000)
})
