import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { CLIENT_KEYS } from '#cli/config/client-key-schema.ts'
import { parseDocument } from '#cli/config/document.ts'
import { ConfigFile, toConfigSchema } from '#cli/config/json-schema.ts'
import { rootFolder } from '#cli/layout.ts'

test('docs/hearth.schema.json is what `npm run schema` writes', async () => {
  const written = readFileSync(join(rootFolder, 'docs', 'hearth.schema.json'), 'utf8')

  expect(written).toBe(await toConfigSchema())
})

test.each([
  'claude-desktop.json',
  'claude-code.json',
  'cursor.json',
  'cline.json',
  'lm-studio.json',
])('the file of a client, %s, has no key that the schema does not know', (name) => {
  const path = join(rootFolder, 'test', 'fixtures', 'configs', name)

  const { error } = ConfigFile.safeParse(parseDocument(readFileSync(path, 'utf8'), path))

  expect(error?.issues).toBeUndefined()
})

test('every key of another client says what becomes of it', async () => {
  const { $defs } = JSON.parse(await toConfigSchema()) as {
    $defs: Record<string, { properties: Record<string, { description?: string }> }>
  }
  for (const kind of ['server', 'remote-server']) {
    const { properties = {} } = $defs[kind] ?? {}
    const keys = Object.keys(CLIENT_KEYS).filter((key) => !properties[key]?.description)
    expect(keys).toEqual([])
  }
  expect($defs.server?.properties.autoApprove?.description).toMatch(/^Ignored/)
})
