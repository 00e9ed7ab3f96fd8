/** Files that run beside others measure nothing: each takes from the other what is measured. */
import { globSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { timed } from '../vitest.config.ts'

const ROOT = resolve(import.meta.dirname, '../..')
/** The CPU time of a thread (`cpuMs`) is its own, whoever runs beside it. */
const MEASURES = /performance\.now|hrtime|process\.cpuUsage|residentBytes|latenciesOf/

/** What they allow is seconds more than it takes. */
const PATIENT = [
  'test/e2e/faults/no-container.test.ts',
  'test/e2e/remote/lost.test.ts',
  'test/worker/auth/key-sets.test.ts',
  'test/worker/auth/revocation.test.ts',
]

const list = (pattern: string): string[] => globSync(pattern, { cwd: ROOT })

test('no file that measures time or memory runs beside others', () => {
  const alone = new Set([...timed.flatMap(list), 'test/gates/groups.test.ts'])
  const measuring = list('test/**/*.test.ts').filter(
    (file) => !alone.has(file) && MEASURES.test(readFileSync(resolve(ROOT, file), 'utf8')),
  )

  expect(measuring.toSorted()).toEqual(PATIENT)
})

test('what is listed to run alone is there', () => {
  expect(timed.filter((pattern) => list(pattern).length === 0)).toEqual([])
})
