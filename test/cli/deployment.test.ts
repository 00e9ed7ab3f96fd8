import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { rootFolder } from '#cli/layout.ts'
import { COMPATIBILITY_DATE } from '#cli/runtime/workerd-config.ts'

test('`npm start` and `wrangler deploy` run the worker on the same compatibility date', () => {
  const deployed = readFileSync(join(rootFolder, 'wrangler.toml'), 'utf8')

  expect(deployed).toContain(`compatibility_date = "${COMPATIBILITY_DATE}"`)
})
