import { expect, test } from 'vitest'
import { Announcer, type Audience } from '#durable-objects/server-host/catalog/announcer.ts'

const BOUND = 256
const audience = (n: number): Audience => ({
  principal: `token:${n}`,
  capabilities: '{}',
  view: { servers: ['one'] },
})

test('looks once for audiences that are alike, and keeps a bounded number of them', () => {
  const looked: string[] = []
  const announcer = new Announcer({
    peek: (_kind, { principal }) => {
      looked.push(principal)
      return []
    },
    renew: (view) => view,
  })
  const visit = (n: number): number => {
    const before = looked.length
    announcer.listen({ audience: audience(n), tell: () => undefined }).stop()
    return looked.length - before
  }

  const first = visit(0)
  expect(visit(0)).toBe(0)
  for (let n = 1; n <= BOUND; n++) visit(n)
  expect(visit(0)).toBe(first)
})
