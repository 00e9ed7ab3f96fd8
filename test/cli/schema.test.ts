import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { toConfigSchema } from '#cli/config/json-schema.ts'
import { rootFolder } from '#cli/layout.ts'

test('docs/hearth.schema.json is what `npm run schema` writes', async () => {
  const written = readFileSync(join(rootFolder, 'docs', 'hearth.schema.json'), 'utf8')

  expect(written).toBe(await toConfigSchema())
})
