import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { rootFolder } from '#cli/layout.ts'
import { VERSION } from '#protocol/version.ts'
import { runVerb } from '#test/support/run-verb.ts'

test('Hearth calls itself by the version of its package', () => {
  const { version } = JSON.parse(readFileSync(join(rootFolder, 'package.json'), 'utf8'))
  expect(VERSION).toBe(version)
})

test.each(['--version', '-v'])('hearth %s is one line: version and commit', async (option) => {
  expect(await runVerb([option])).toEqual({
    code: 0,
    stdout: expect.stringMatching(new RegExp(`^hearth ${VERSION} \\([0-9a-f]{7,}\\)\n$`)),
    stderr: '',
  })
})
