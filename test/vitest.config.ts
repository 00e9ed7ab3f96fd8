/**
 * Three groups, one after the other: what decides, and what asks real processes, run in parallel; what
 * measures runs one file at a time.
 */
import { globSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

const root = resolve(import.meta.dirname, '..')
const processors = availableParallelism()

/**
 * Files that look at how soon something comes, or at the memory that it takes: each runs alone. All
 * others look at answers: a loaded machine makes them slow, not wrong.
 */
export const timed = [
  'test/container/console/console.test.ts',
  'test/container/resolve/stall.test.ts',
  'test/container/supervisor/floods.test.ts',
  'test/containers/*.test.ts',
  'test/cli/watch/served-file.test.ts',
  'test/e2e/leaks.test.ts',
  'test/e2e/access/ended.test.ts',
  'test/e2e/bodies/{admission,unread}.test.ts',
  'test/e2e/catalog/{broken,first-list,many-listed}.test.ts',
  'test/e2e/faults/misbehaving.test.ts',
  'test/e2e/reload/under-load.test.ts',
  'test/e2e/resilience/{breaker,bulkhead,retries}.test.ts',
  'test/e2e/sessions/{deadlines,exchanges,left}.test.ts',
  'test/e2e/sse/revoked.test.ts',
  'test/e2e/tenants/{noisy,removed}.test.ts',
  'test/worker/rate-limit/isolates.test.ts',
]

const light = list(
  [
    'test/{protocol,durable-objects,worker,bench,gates}/**/*.test.ts',
    'test/e2e/property/model.test.ts',
  ],
  timed,
)
const processes = list(['test/**/*.test.ts'], [...timed, ...light])

/** They take longest, some of them with nothing but waiting: begun last, they would hold up the rest. */
const longest = [
  'test/durable-objects/server-host/{draining,placements-apart}.test.ts',
  'test/durable-objects/tenant/config.test.ts',
  'test/worker/auth/revocation.test.ts',
  'test/e2e/property/property.test.ts',
  'test/e2e/reasons/told.test.ts',
  'test/conformance/conformance.test.ts',
  'test/cli/{client-configs,up,verbs}.test.ts',
  'test/e2e/bodies/slow.test.ts',
]

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const first = new Set(list(longest, []).map((file) => resolve(root, file)))
    const rank = ({ moduleId }: TestSpecification): number => (first.has(moduleId) ? 0 : 1)
    return (await super.sort(files)).toSorted((one, other) => rank(one) - rank(other))
  }
}

/** Files share processes, and what is loaded there: half of the CPU time is saved. */
const together = { isolate: false, setupFiles: ['test/support/pristine.ts'] }
/** A busy machine makes a test slow, not wrong. */
const patient = { testTimeout: 60_000, hookTimeout: 60_000 }

export default defineConfig({
  root,
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        root,
        test: {
          ...together,
          ...patient,
          name: 'light',
          include: light,
          maxWorkers: processors,
          sequence: { groupOrder: 0 },
        },
      },
      {
        root,
        test: {
          ...together,
          ...patient,
          name: 'processes',
          include: processes,
          // Several files share the machine; a retry is reported.
          retry: 1,
          // Each of them waits most of its time: for processes, for deadlines, for what must not come.
          maxWorkers: 2 * processors,
          sequence: { groupOrder: 1 },
        },
      },
      {
        root,
        test: {
          ...patient,
          name: 'timed',
          include: list(timed, []),
          // Whatever else the machine does takes part in what is measured; a retry is reported.
          retry: 1,
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
})

/** Paths from the project's root. */
function list(patterns: string[], except: string[]): string[] {
  const excepted = new Set(globSync(except, { cwd: root }))
  return globSync(patterns, { cwd: root }).filter((file) => !excepted.has(file))
}
