import { expect, test } from 'vitest'
import { runTool } from '#container/resolve/run-tool.ts'

const STALL_MS = 1_000

const run = (script: string): Promise<void> => {
  const program = { file: process.execPath, args: ['-e', script], env: {} }
  return runTool('installing it', program, STALL_MS)
}

test('an installation that does nothing for too long is ended, and says what to look at', async () => {
  await expect(run('setInterval(() => {}, 1000)')).rejects.toThrow(
    'installing it did nothing for too long and was ended: can the registry be reached?',
  )
})

test.each([
  ['speaks', 'setInterval(() => console.log("."), 50)'],
  ['works', 'setInterval(() => { for (const end = Date.now() + 390; Date.now() < end;); }, 400)'],
  ['writes', 'setInterval(() => require("fs").writeFileSync("/dev/null", Buffer.alloc(1e5)), 50)'],
])('one that %s has no fixed end', async (_how, script) => {
  const lasts = `${script}; setTimeout(() => process.exit(), ${3 * STALL_MS})`

  await expect(run(lasts)).resolves.toBeUndefined()
})
