/**
 * Three groups, one after the other: what decides, and what asks real processes, run in parallel; what
 * measures runs one file at a time.
 */
import { globSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import { defineConfig } from 'vitest/config'

const root = resolve(import.meta.dirname, '..')
const processors = availableParallelism()

/** Decide, too, and bound how long it takes: they run alone. */
const measuring = [
  'test/protocol/{dot-segment,glob,json-splice,pattern,redaction,secrets}.test.ts',
  'test/durable-objects/server-host/catalog/pins/findings.test.ts',
  'test/durable-objects/server-host/transform/{personal,secrets}.test.ts',
  'test/worker/auth/fuzz.test.ts',
  'test/worker/rate-limit/isolates.test.ts',
  'test/worker/routing/match.test.ts',
]

const light = list(
  ['test/{protocol,durable-objects,worker,gates}/**/*.test.ts', 'test/e2e/property/model.test.ts'],
  measuring,
)

/**
 * Files that look at what real processes answer, and never at how soon, or at the memory they hold: a
 * loaded machine makes them slow, not wrong. What is not here runs alone.
 */
export const processes = [
  'test/conformance/**/*.test.ts',
  'test/deploy/**/*.test.ts',
  'test/cli/{admin,commands}/**/*.test.ts',
  'test/cli/import/import.test.ts',
  'test/cli/!(up).test.ts',
  'test/e2e/{bad-input,routing,secrets,transform}/**/*.test.ts',
  'test/e2e/{browser,clients,clients-features,clients-modern,python}.test.ts',
  'test/e2e/access/everything.test.ts',
  'test/e2e/catalog/{access,aggregate,former-rows,odd-servers,pinning,settings,ten}.test.ts',
  'test/e2e/remote/{features,host}.test.ts',
  'test/e2e/sessions/{data-folder,modern,modern-server}.test.ts',
  'test/e2e/sse/{catalog,clients,messages}.test.ts',
  'test/e2e/tenants/{apart,canaries,ended,matrix}.test.ts',
]

/** Files share processes, and what is loaded there: half of the CPU time is saved. */
const together = { isolate: false, setupFiles: ['test/support/pristine.ts'] }

/** Real processes share the machine with whatever else runs on it; a retry is reported. */
const withProcesses = { retry: 1, testTimeout: 60_000, hookTimeout: 60_000 }

export default defineConfig({
  root,
  test: {
    projects: [
      {
        root,
        test: {
          ...together,
          name: 'light',
          include: light,
          maxWorkers: processors,
          testTimeout: 20_000,
          hookTimeout: 30_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        root,
        test: {
          ...withProcesses,
          name: 'processes',
          include: processes,
          // Each file has some four processes of its own.
          maxWorkers: Math.max(2, Math.floor(processors / 2)),
          sequence: { groupOrder: 1 },
        },
      },
      {
        root,
        test: {
          ...withProcesses,
          name: 'alone',
          include: ['test/**/*.test.ts'],
          exclude: [...light, ...processes],
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
