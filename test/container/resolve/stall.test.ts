import { expect, test } from 'vitest'
import { runTool } from '#container/resolve/run-tool.ts'
import type { StallBounds } from '#container/resolve/stall.ts'

const STALL_MS = 1_000

const run = (script: string, bounds: StallBounds = { stallMs: STALL_MS }): Promise<void> => {
  const program = { file: process.execPath, args: ['-e', script], env: {} }
  return runTool('installing it', program, bounds)
}

test('an installation that does nothing for too long is ended, and says what to look at', async () => {
  await expect(run('setInterval(() => {}, 1000)')).rejects.toThrow(
    'installing it did nothing, or took too long, and was ended: can the registry be reached?',
  )
})

test.each([
  ['speaks', 'setInterval(() => console.log("."), 50)'],
  ['works', 'setInterval(() => { for (const end = Date.now() + 390; Date.now() < end;); }, 400)'],
  ['writes', 'setInterval(() => require("fs").writeFileSync("/dev/null", Buffer.alloc(1e5)), 50)'],
])('one that %s goes on', async (_how, script) => {
  const lasts = `${script}; setTimeout(() => process.exit(), ${3 * STALL_MS})`

  await expect(run(lasts)).resolves.toBeUndefined()
})

test('one that is busy for ever is ended all the same', async () => {
  const bounds = { stallMs: STALL_MS, longestMs: 2 * STALL_MS }
  await expect(run('setInterval(() => console.log("."), 50)', bounds)).rejects.toThrow(
    'took too long',
  )
})
