import { describe, expect, test } from 'vitest'
import { accessTo, allows, holdsScope, maySeeServer, mayUse } from '#protocol/access.ts'
import { covers } from '#protocol/grant-escalation.ts'
import type { AccessList, Grants, Kind } from '#protocol/scopes.ts'
import { createRandom } from '#test/support/random.ts'

const scopes = (...list: string[]): Grants => ({ scopes: list })

describe('nobody hands on more than it has', () => {
  test.each<[holder: Grants, asked: Grants]>([
    [scopes('*'), scopes('*')],
    [scopes('*'), scopes('servers:a', 'tools:call:*/x', 'resources:read:a/file:///*')],
    [scopes('admin', '*'), scopes('admin:tokens', 'servers:a')],
    [scopes('servers:a*'), scopes('servers:ab*', 'tools:call:a/x')],
    [scopes('mfa'), scopes('mfa')],
    [scopes(), scopes()],
    [scopes('*'), { ...scopes('*'), deny: { servers: ['a'] } }],
    [
      { ...scopes('*'), deny: { servers: ['a'] } },
      { ...scopes('*'), deny: { servers: ['a*'] } },
    ],
    [{ ...scopes('*'), deny: { servers: ['a'] } }, scopes('servers:b')],
    [
      { ...scopes('*'), deny: { servers: ['a'] } },
      { ...scopes('*'), allow: { servers: ['b*'] } },
    ],
    [{ ...scopes('*'), allow: { servers: ['a*'] } }, scopes('servers:ab')],
    [
      { ...scopes('*'), allow: { servers: ['a*'] } },
      { ...scopes('*'), allow: { servers: ['a'] } },
    ],
    [{ ...scopes('*'), allow: { tools: ['a/*'] } }, scopes('tools:call:a/x', 'prompts:get:b/y')],
    [
      { ...scopes('*'), allow: { tools: ['a/*'] } },
      { ...scopes('*'), allow: { tools: ['a/x'] } },
    ],
    [
      { ...scopes('*'), deny: { tools: ['a/rm'] } },
      { ...scopes('*'), deny: { tools: ['*/rm'] } },
    ],
    [
      { ...scopes('*'), deny: { tools: ['a/rm'] } },
      { ...scopes('*'), deny: { servers: ['a'] } },
    ],
    [{ ...scopes('*'), deny: { tools: ['a/rm'] } }, scopes('servers:b', 'tools:call:a/ls')],
    [
      { ...scopes('*'), deny: { tools: ['a/rm'] } },
      { ...scopes('*'), allow: { tools: ['a/ls'] } },
    ],
  ])('%j covers %j', (holder, asked) => {
    expect(covers(holder, asked)).toBe(true)
  })

  test.each<[holder: Grants, asked: Grants]>([
    [scopes('*'), scopes('admin')],
    [scopes('*'), scopes('run')],
    [scopes('*'), scopes('secrets')],
    [scopes('*'), scopes('mfa')],
    [scopes('admin'), scopes('*')],
    [scopes('admin:tokens'), scopes('admin:secrets')],
    [scopes('admin:tokens'), scopes('admin')],
    [scopes('servers:a'), scopes('servers:*')],
    [scopes('tools:call:a/*'), scopes('servers:a')],
    [scopes('tools:call:a/x'), scopes('tools:call:a/*')],
    [{ ...scopes('*'), deny: { servers: ['a'] } }, scopes('*')],
    [{ ...scopes('*'), deny: { servers: ['a'] } }, scopes('prompts:get:a/x')],
    [
      { ...scopes('*'), deny: { servers: ['a*'] } },
      { ...scopes('*'), deny: { servers: ['a'] } },
    ],
    [{ ...scopes('*'), allow: { servers: ['a'] } }, scopes('servers:*')],
    [{ ...scopes('*'), allow: { servers: [] } }, scopes('servers:a')],
    [{ ...scopes('*'), allow: { tools: ['a/x'] } }, scopes('servers:a')],
    [
      { ...scopes('*'), allow: { tools: ['a/x'] } },
      { ...scopes('*'), allow: { tools: ['a/*'] } },
    ],
    [{ ...scopes('*'), deny: { tools: ['a/rm'] } }, scopes('servers:a')],
    [
      { ...scopes('*'), deny: { tools: ['*/rm'] } },
      { ...scopes('*'), deny: { tools: ['a/rm'] } },
    ],
    [
      { ...scopes('*'), deny: { tools: ['a/rm'] } },
      { ...scopes('*'), allow: { tools: ['a/r*'] } },
    ],
  ])('%j does not cover %j', (holder, asked) => {
    expect(covers(holder, asked)).toBe(false)
  })
})

const SEED = 31_337
const ROUNDS = 30_000

class Chance {
  readonly #random: () => number

  constructor(seed: number) {
    this.#random = createRandom(seed)
  }

  happens(share: number): boolean {
    return this.#random() < share
  }

  of<T>(items: readonly T[]): T {
    const item = items[Math.floor(this.#random() * items.length)]
    if (item === undefined) throw new RangeError('nothing to choose from')
    return item
  }

  some<T>(most: number, make: () => T): T[] {
    return Array.from({ length: Math.floor(this.#random() * (most + 1)) }, make)
  }

  text(letters: string, longest: number): string {
    return this.some(longest, () => this.of([...letters])).join('')
  }

  pattern(): string {
    return this.happens(0.2) ? '*' : this.text('ab*', 3) || 'a'
  }

  scope(): string {
    const kind = this.of([
      '*',
      'servers',
      'tools:call',
      'tools:call',
      'prompts:get',
      'resources:read',
    ])
    if (kind === '*') return '*'
    if (kind === 'servers') return `servers:${this.pattern()}`
    return `${kind}:${this.pattern()}/${this.pattern()}`
  }

  list(): AccessList {
    return {
      ...(this.happens(0.5) && { servers: this.some(2, () => this.pattern()) }),
      ...(this.happens(0.5) && {
        tools: this.some(2, () => `${this.pattern()}/${this.pattern()}`),
      }),
    }
  }

  grants(): Grants {
    const others = ['admin', 'admin:tokens', 'run', 'mfa']
    return {
      scopes: this.some(3, () => (this.happens(0.1) ? this.of(others) : this.scope())),
      ...(this.happens(0.4) && { allow: this.list() }),
      ...(this.happens(0.4) && { deny: this.list() }),
    }
  }

  /** Something like what is held, with less, or with a little more. */
  near(grants: Grants): Grants {
    const { allow, deny } = this.happens(0.5) ? grants : this.grants()
    const scopes = grants.scopes.flatMap((scope) => (this.happens(0.6) ? scope : this.scope()))
    return { scopes, ...(allow && { allow }), ...(deny && { deny }) }
  }
}

const KINDS: Kind[] = ['tool', 'prompt', 'resource']

test(`what is covered grants nothing that its holder may not do (seed ${SEED})`, () => {
  const chance = new Chance(SEED)
  let covered = 0
  let used = 0
  for (let round = 0; round < ROUNDS; round++) {
    const holder = chance.grants()
    const asked = chance.near(holder)
    if (!covers(holder, asked)) continue
    covered++
    for (let probe = 0; probe < 12; probe++) {
      const [server, name, kind] = [
        chance.text('ab', 3) || 'a',
        chance.text('ab.', 3),
        chance.of(KINDS),
      ]
      const scope = chance.scope()
      const isUsed = mayUse(asked, server, kind, name)
      if (isUsed) used++
      const gains = {
        use: isUsed && !mayUse(holder, server, kind, name),
        sight: maySeeServer(asked, server) && !maySeeServer(holder, server),
        scope: holdsScope(asked, scope) && !holdsScope(holder, scope),
      }
      const why = JSON.stringify({ holder, asked, server, name, kind, scope })
      expect(gains, why).toEqual({ use: false, sight: false, scope: false })
    }
  }
  expect(covered).toBeGreaterThan(3_000)
  expect(used).toBeGreaterThan(3_000)
})

test(`what is sent along with a call answers as the grants do (seed ${SEED})`, () => {
  const chance = new Chance(SEED)
  for (let round = 0; round < ROUNDS; round++) {
    const grants = chance.grants()
    const [server, name, kind] = [
      chance.text('ab', 3) || 'a',
      chance.text('ab.', 3),
      chance.of(KINDS),
    ]
    // As it is after its way through a header.
    const access = JSON.parse(JSON.stringify(accessTo(grants, server, kind))) as ReturnType<
      typeof accessTo
    >

    expect([grants, server, kind, name, allows(access, name)]).toEqual([
      ...[grants, server, kind, name],
      mayUse(grants, server, kind, name),
    ])
  }
})
