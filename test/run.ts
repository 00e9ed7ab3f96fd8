/** `npm test`: runs vitest, names the slowest files, and says in one last line how many tests passed, failed and were skipped. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { z } from 'zod'

const Report = z.object({
  numPassedTests: z.int(),
  numPendingTests: z.int(),
  numTodoTests: z.int(),
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      assertionResults: z.array(z.object({ status: z.string() })),
    }),
  ),
})

const root = resolve(import.meta.dirname, '..')
const folder = mkdtempSync(join(tmpdir(), 'hearth-test-report-'))
const report = join(folder, 'report.json')

const child = spawn(
  process.execPath,
  [
    join(root, 'node_modules', 'vitest', 'vitest.mjs'),
    ...['run', '--config', join(root, 'test', 'vitest.config.ts')],
    ...['--reporter=default', `--reporter=${join(root, 'test', 'slowest.ts')}`],
    ...['--reporter=json', `--outputFile.json=${report}`],
    ...process.argv.slice(2),
  ],
  {
    cwd: root,
    stdio: 'inherit',
    // The commands that tests start, by the hundred, are compiled once.
    env: { ...process.env, NODE_COMPILE_CACHE: join(folder, 'compiled') },
  },
)
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => child.kill(signal))
}
process.on('disconnect', () => child.kill('SIGTERM'))
const [code] = (await once(child, 'exit')) as [number | null]
const { passed, failed, skipped } = summarise()
rmSync(folder, { recursive: true, force: true })
// An error outside of every test fails the run, too.
const isGood = code === 0 && failed === 0
console.log(`${passed} passed, ${isGood ? 0 : Math.max(1, failed)} failed, ${skipped} skipped`)
process.exit(isGood ? 0 : 1)

/** A file that does not load has no tests to fail, so it counts as one; so does a run without a report. */
function summarise(): { passed: number; failed: number; skipped: number } {
  try {
    const result = Report.parse(JSON.parse(readFileSync(report, 'utf8')))
    const statuses = result.testResults.flatMap(({ status, assertionResults }) => {
      const own = assertionResults.map((test) => test.status)
      return status === 'failed' && !own.includes('failed') ? [...own, 'failed'] : own
    })
    return {
      passed: result.numPassedTests,
      failed: statuses.filter((status) => status === 'failed').length,
      skipped: result.numPendingTests + result.numTodoTests,
    }
  } catch (error) {
    console.error(`vitest left no report: ${String(error)}`)
    return { passed: 0, failed: 1, skipped: 0 }
  }
}
