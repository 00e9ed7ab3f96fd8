/** Files that run beside others measure nothing: each takes from the other what is measured. */
import { globSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { processes } from '../vitest.config.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const MEASURES = /performance\.now|hrtime|cpuUsage|residentBytes/

const list = (pattern: string): string[] => globSync(pattern, { cwd: ROOT })

test('no file that measures time or memory runs beside others', () => {
  const measuring = processes
    .flatMap(list)
    .filter((file) => MEASURES.test(readFileSync(resolve(ROOT, file), 'utf8')))

  expect(measuring).toEqual([])
})

test('what is listed to run beside others is there', () => {
  expect(processes.filter((pattern) => list(pattern).length === 0)).toEqual([])
})
