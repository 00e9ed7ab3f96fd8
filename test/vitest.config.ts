/** Two groups: what decides runs in parallel; what starts processes runs one file at a time, after it. */
import { resolve } from 'node:path'
import { defineConfig } from 'vitest/config'

const root = resolve(import.meta.dirname, '..')
const light = ['protocol', 'durable-objects', 'worker', 'gates'].map(
  (folder) => `test/${folder}/**/*.test.ts`,
)

export default defineConfig({
  root,
  test: {
    projects: [
      {
        root,
        test: {
          name: 'light',
          include: light,
          testTimeout: 20_000,
          hookTimeout: 30_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        root,
        test: {
          name: 'processes',
          include: ['test/**/*.test.ts'],
          exclude: light,
          fileParallelism: false,
          // Real processes share the machine with whatever else runs on it; a retry is reported.
          retry: 1,
          testTimeout: 60_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
})
