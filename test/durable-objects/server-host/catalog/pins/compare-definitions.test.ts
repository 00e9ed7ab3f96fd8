/** What becomes of pins when tools are seen. */
import { describe, expect, test } from 'vitest'
import { readDefinition } from '#durable-objects/server-host/catalog/pins/definition.ts'
import {
  approve,
  judge,
  type ChangePolicy,
  type Pin,
} from '#durable-objects/server-host/catalog/pins/compare-definitions.ts'

type Tools = Record<string, string>

/** One server's pins as they are saved and dropped. */
class Pins {
  pins: Pin[] = []
  isKnown = false
  now = 1_000

  async see(
    tools: Tools,
    { policy = 'quarantine', appears = 'allow', seenAs = 'a', isWhole = true }: Seeing = {},
  ): Promise<string[]> {
    const definitions = await Promise.all(
      Object.entries(tools).map(([name, description]) =>
        readDefinition(name, JSON.stringify({ name, description, inputSchema: {} })),
      ),
    )
    const now = ++this.now
    const sight = { definitions, seenAs, isWhole, isKnown: this.isKnown }
    const policies = { changes: policy, appears }
    const { save, drop, changed } = judge(this.pins, sight, { policies, now })
    this.isKnown ||= isWhole
    const gone = new Set([...save, ...drop].map(({ tool, fingerprint }) => tool + fingerprint))
    const kept = this.pins.filter(({ tool, fingerprint }) => !gone.has(tool + fingerprint))
    this.pins = [...kept, ...save]
    return changed.map(({ tool }) => tool)
  }

  approve(tool: string, description?: string): void {
    const mine = this.pins.filter((pin) => pin.tool === tool)
    const meant = mine.find(({ definition }) => definition.includes(`"${description}"`))
    const asked = { now: ++this.now, ...(meant && { fingerprint: meant.fingerprint }) }
    this.pins = [...this.pins.filter((pin) => pin.tool !== tool), ...approve(mine, asked)]
  }

  /** `state description` of each, sorted. */
  of(tool: string): string[] {
    return this.pins
      .filter((pin) => pin.tool === tool)
      .map((pin) => `${pin.state} ${(JSON.parse(pin.definition) as Tools).description}`)
      .toSorted()
  }
}

interface Seeing {
  policy?: ChangePolicy
  appears?: 'allow' | 'hold'
  seenAs?: string
  isWhole?: boolean
}

test('the first sight approves, and the same again writes nothing', async () => {
  const pins = new Pins()
  expect(await pins.see({ x: 'one' })).toEqual([])
  const before = pins.pins
  await pins.see({ x: 'one' })

  expect(pins.of('x')).toEqual(['approved one'])
  expect(pins.pins[0]).toBe(before[0])
})

test.each(['warn', 'quarantine'] as const)(
  'with %s a change is pending, told once',
  async (policy) => {
    const pins = new Pins()
    await pins.see({ x: 'one' }, { policy })
    expect(await pins.see({ x: 'two' }, { policy })).toEqual(['x'])
    expect(await pins.see({ x: 'two' }, { policy })).toEqual([])

    expect(pins.of('x')).toEqual(['approved one', 'pending two'])
  },
)

test('with allow it is approved at once, and the one before is kept', async () => {
  const pins = new Pins()
  for (const description of ['one', 'two', 'three']) {
    expect(await pins.see({ x: description }, { policy: 'allow' })).toEqual([])
  }

  expect(pins.of('x')).toEqual(['approved three', 'replaced two'])
})

test('what is pending when the policy becomes allow is approved when it is seen again', async () => {
  const pins = new Pins()
  await pins.see({ x: 'one' })
  await pins.see({ x: 'two' })
  await pins.see({ x: 'two' }, { policy: 'allow' })

  expect(pins.of('x')).toEqual(['approved two', 'replaced one'])
})

test('a change that is taken back was none', async () => {
  const pins = new Pins()
  await pins.see({ x: 'one' })
  await pins.see({ x: 'two' })
  await pins.see({ x: 'one' })

  expect(pins.of('x')).toEqual(['approved one'])
})

test('a second change takes the place of the first, and is told', async () => {
  const pins = new Pins()
  await pins.see({ x: 'one' })
  await pins.see({ x: 'two' })

  expect(await pins.see({ x: 'three' })).toEqual(['x'])
  expect(pins.of('x')).toEqual(['approved one', 'pending three'])
})

describe('with hold a tool that a known server did not have', () => {
  const hold = { policy: 'quarantine', appears: 'hold' } as const

  test('is held, told once, and held when it changes', async () => {
    const pins = new Pins()
    await pins.see({ x: 'one' }, hold)
    expect(await pins.see({ x: 'one', steal: 'a' }, hold)).toEqual(['steal'])
    expect(await pins.see({ x: 'one', steal: 'a' }, hold)).toEqual([])
    expect(await pins.see({ x: 'one', steal: 'b' }, hold)).toEqual(['steal'])

    expect(pins.of('steal')).toEqual(['held b'])
    expect(pins.of('x')).toEqual(['approved one'])
  })

  test('is held, too, where it is another one under a new name', async () => {
    const pins = new Pins()
    await pins.see({ pay: 'one' }, hold)
    await pins.see({ pay2: 'one' }, hold)

    expect(pins.of('pay2')).toEqual(['held one'])
    expect(pins.pins.find(({ tool }) => tool === 'pay2')?.renamedFrom).toBe('pay')
  })

  test('is approved as any other, and a change of it is a change from then on', async () => {
    const pins = new Pins()
    await pins.see({ x: 'one' }, hold)
    await pins.see({ x: 'one', y: 'a' }, hold)
    pins.approve('y')
    expect(pins.of('y')).toEqual(['approved a'])
    await pins.see({ x: 'one', y: 'b' }, hold)

    expect(pins.of('y')).toEqual(['approved a', 'pending b'])
  })

  test('is forgotten when it is gone, and appears again', async () => {
    const pins = new Pins()
    await pins.see({ x: 'one' }, hold)
    await pins.see({ x: 'one', y: 'a' }, hold)
    await pins.see({ x: 'one' }, hold)
    expect(pins.of('y')).toEqual([])

    expect(await pins.see({ x: 'one', y: 'a' }, hold)).toEqual(['y'])
  })

  test('is held though the server had none at first', async () => {
    const pins = new Pins()
    await pins.see({}, hold)

    expect(await pins.see({ steal: 'a' }, hold)).toEqual(['steal'])
  })

  test('is approved when it is seen after the policy became allow', async () => {
    const pins = new Pins()
    await pins.see({ x: 'one' }, hold)
    await pins.see({ x: 'one', y: 'a' }, hold)
    await pins.see({ x: 'one', y: 'a' })

    expect(pins.of('y')).toEqual(['approved a'])
  })

  test('does not hold what was approved before and is back', async () => {
    const pins = new Pins()
    await pins.see({ x: 'one', y: 'a' }, hold)
    await pins.see({ x: 'one' }, hold)

    expect(await pins.see({ x: 'one', y: 'a' }, hold)).toEqual([])
  })
})

describe('approval', () => {
  test('what was approved is history from then on, and no way back', async () => {
    const pins = new Pins()
    await pins.see({ x: 'one' })
    await pins.see({ x: 'two' })
    pins.approve('x')
    expect(pins.of('x')).toEqual(['approved two', 'replaced one'])

    expect(await pins.see({ x: 'one' })).toEqual(['x'])
    expect(pins.of('x')).toEqual(['approved two', 'pending one'])
  })

  test('of the one that is approved forgets what is pending, until it is seen again', async () => {
    const pins = new Pins()
    await pins.see({ x: 'one' })
    await pins.see({ x: 'two' })
    pins.approve('x', 'one')
    expect(pins.of('x')).toEqual(['approved one'])

    expect(await pins.see({ x: 'two' })).toEqual(['x'])
  })
})

describe('clients of other capabilities', () => {
  test('one pin is enough where they are shown the same', async () => {
    const pins = new Pins()
    await pins.see({ x: 'one' }, { seenAs: 'a' })
    expect(await pins.see({ x: 'one' }, { seenAs: 'b' })).toEqual([])

    expect(pins.of('x')).toEqual(['approved one'])
  })

  test('another definition waits for approval, and then both are approved', async () => {
    const pins = new Pins()
    await pins.see({ x: 'one' }, { seenAs: 'a' })
    expect(await pins.see({ x: 'more' }, { seenAs: 'b' })).toEqual(['x'])
    pins.approve('x')
    expect(pins.of('x')).toEqual(['approved more', 'approved one'])

    expect(await pins.see({ x: 'one' }, { seenAs: 'a' })).toEqual([])
    expect(await pins.see({ x: 'more' }, { seenAs: 'b' })).toEqual([])
    expect(await pins.see({ x: 'other' }, { seenAs: 'b' })).toEqual(['x'])
  })

  test('a change reaches them one after another, and is approved once', async () => {
    const pins = new Pins()
    for (const seenAs of ['a', 'b']) await pins.see({ x: 'one' }, { seenAs })
    expect(await pins.see({ x: 'two' }, { seenAs: 'a' })).toEqual(['x'])
    expect(await pins.see({ x: 'two' }, { seenAs: 'b' })).toEqual([])
    pins.approve('x')

    expect(pins.of('x')).toEqual(['approved two', 'replaced one'])
  })

  test('so many are remembered, and no more', async () => {
    const pins = new Pins()
    for (let n = 0; n < 40; n++) await pins.see({ x: 'one' }, { seenAs: `${n}` })

    expect(pins.pins[0]?.seenAs).toHaveLength(16)
  })
})

describe('a tool that is gone', () => {
  test('is remembered: under its name nothing else slips in', async () => {
    const pins = new Pins()
    await pins.see({ x: 'one', y: 'why' })
    await pins.see({ y: 'why' })

    expect(await pins.see({ x: 'two', y: 'why' })).toEqual(['x'])
  })

  test('and is the same under another name was renamed', async () => {
    const pins = new Pins()
    await pins.see({ x: 'one', y: 'why' })
    await pins.see({ z: 'one', y: 'why' })

    expect(pins.pins.find(({ tool }) => tool === 'z')).toMatchObject({ renamedFrom: 'x' })
    expect(pins.of('z')).toEqual(['approved one'])
  })

  test('is not gone because a page does not have it', async () => {
    const pins = new Pins()
    await pins.see({ x: 'one', y: 'why' })
    await pins.see({ z: 'one' }, { isWhole: false })

    expect(pins.pins.find(({ tool }) => tool === 'z')?.renamedFrom).toBeUndefined()
    expect(pins.pins.find(({ tool }) => tool === 'x')?.seenAs).toEqual(['a'])
  })

  test('takes what was pending of it along', async () => {
    const pins = new Pins()
    await pins.see({ x: 'one' })
    await pins.see({ x: 'two' })
    await pins.see({})

    expect(pins.of('x')).toEqual(['approved one'])
  })
})

describe('a fingerprint', () => {
  const print = async (tool: object) =>
    (await readDefinition('x', JSON.stringify(tool))).fingerprint
  const tool = {
    name: 'x',
    description: 'd',
    inputSchema: { type: 'object', properties: { a: {} } },
  }

  test('is the same whatever the order, and whatever nobody reads', async () => {
    const { inputSchema, ...rest } = tool
    const { type, properties } = inputSchema

    expect(await print({ inputSchema: { properties, type }, ...rest })).toBe(await print(tool))
    expect(await print({ ...tool, _meta: { at: 1 }, icons: [] })).toBe(await print(tool))
    expect(await print(tool)).toMatch(/^[0-9a-f]{64}$/)
  })

  test.each([
    ['the name', { name: 'y' }],
    ['the title', { title: 't' }],
    ['the description', { description: 'd ' }],
    ['an argument', { inputSchema: { type: 'object', properties: { b: {} } } }],
    ['the result', { outputSchema: {} }],
    ['an annotation', { annotations: { readOnlyHint: true } }],
  ])('is another when %s is', async (_, change) => {
    expect(await print({ ...tool, ...change })).not.toBe(await print(tool))
  })

  test('of something nested too deep is one, too', async () => {
    const deep = (n: number): object => (n === 0 ? {} : { properties: { x: deep(n - 1) } })

    expect(await print({ ...tool, inputSchema: deep(200) })).not.toBe(
      await print({ ...tool, inputSchema: deep(201) }),
    )
  })
})
