import { expect, test } from 'vitest'
import { ServerConfig } from '#protocol/server-config.ts'
import { Transformers } from '#protocol/transform.ts'

test('a server that was stored before there were transformers has none', () => {
  expect(ServerConfig.parse({ command: 'x' }).transform).toEqual([])
})

test('what is left out has its default', () => {
  expect(Transformers.parse([{ use: 'redaction' }, { use: 'cache' }])).toMatchObject([
    { in: ['results', 'logs'], secrets: true, personal: [], fields: [], patterns: [] },
    { ttlMs: 60_000, staleWhileRevalidateMs: 0, staleIfErrorMs: 0, per: 'tenant' },
  ])
})

test.each([
  [{ use: 'nothing-of-ours' }, 'use'],
  [{ use: 'redaction', patterns: ['two words'] }, 'patterns'],
  [{ use: 'redaction', patterns: ['[a-z]'] }, 'patterns'],
  [{ use: 'redaction', in: [] }, 'in'],
  [{ use: 'cache', match: { tools: ['!x'] } }, 'match'],
  [{ use: 'result-size', maxBytes: 10 }, 'maxBytes'],
  [{ use: 'arguments', given: {} }, ''],
])('is refused with the place of the mistake: %j', (transformer, place) => {
  const { error } = Transformers.safeParse([transformer])

  expect(error?.issues[0]?.path.join('.')).toContain(place)
})
