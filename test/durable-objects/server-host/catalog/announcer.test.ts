import { expect, test, vi } from 'vitest'
import { Announcer, type Audience } from '#durable-objects/server-host/catalog/announcer.ts'

const BOUND = 256
const audience = (n: number): Audience => ({
  principal: `token:${n}`,
  capabilities: '{}',
  view: { servers: ['one'] },
})

test('what nobody can ask is told to those whose it is', async () => {
  const announcer = new Announcer({
    peek: () => [],
    renew: (view) => view,
    peekLone: () => undefined,
  })
  const told: string[] = []
  for (const n of [1, 2]) {
    const { principal, capabilities } = audience(n)
    const tell = (whose: string) => () => void told.push(`${whose} ${principal}`)
    announcer.listen({ audience: audience(n), tell: tell('catalog') })
    const lone = { server: 'one', principal, isOpen: true, tell: tell('lone') }
    announcer.lone.listen({ ...lone, audience: { server: 'one', principal, capabilities } })
  }
  announcer.suspect(['one'], 'token:2')
  await vi.waitFor(() => expect(told).not.toEqual([]))
  expect(told.toSorted()).toEqual(['catalog token:2', 'lone token:2'])
})

test('looks once for audiences that are alike, and keeps a bounded number of them', () => {
  const looked: string[] = []
  const announcer = new Announcer({
    peek: (_kind, { principal }) => {
      looked.push(principal)
      return []
    },
    renew: (view) => view,
    peekLone: () => undefined,
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
