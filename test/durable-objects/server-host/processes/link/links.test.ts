/** When the container of a placement is waited for, may sleep, and is given back. */
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { Links, type HostProgram } from '#durable-objects/server-host/processes/link/links.ts'
import { GatewayError } from '#protocol/errors.ts'

/** A host program that no test reaches: each says when its container is dialled and stopped. */
class FarContainer implements HostProgram {
  dials = 0
  releases = 0
  released: Promise<void> = Promise.resolve()

  readonly dial = (): Promise<WebSocket> => {
    this.dials++
    return Promise.reject(new GatewayError('host_unavailable'))
  }
  readonly isUp = (): boolean => false
  askUp = (): Promise<boolean> => Promise.resolve(false)
  readonly release = (): Promise<void> => {
    this.releases++
    return this.released
  }
}

const unreachable = expect.objectContaining({ code: 'host_unavailable' })

let far: FarContainer
let rows: Set<string>
let links: Links

const createLinks = () =>
  new Links({
    hostProgram: () => far,
    launches: () => [],
    store: {
      get all() {
        return [...rows]
      },
      add: (name) => void rows.add(name),
      delete: (name) => void rows.delete(name),
    },
    adopt: () => false,
    onStartFailed: () => undefined,
    unacked: { add: () => undefined },
  })

beforeEach(() => {
  far = new FarContainer()
  rows = new Set()
  links = createLinks()
  links.configure(new Set(['main', 'far']))
})

/** It was dialled: its container may have something of the tenant's. */
async function dialFar(): Promise<void> {
  await expect(links.follow(() => 'far', 1_000)).rejects.toEqual(unreachable)
}

describe('who would not wake a container', () => {
  test.each([
    ['sleeps', () => Promise.resolve(false)],
    ['cannot be asked', () => Promise.reject(new Error('overloaded'))],
    ['does not answer', () => new Promise<never>(() => undefined)],
  ])('goes on soon where it %s', async (_what, askUp) => {
    far.askUp = askUp

    await links.join('far', 20)

    expect(far.dials).toBe(0)
  })

  test('reaches one that runs', async () => {
    far.askUp = () => Promise.resolve(true)

    await expect(links.join('far', 1_000)).rejects.toEqual(unreachable)

    expect(far.dials).toBe(1)
  })
})

test.each([
  ['links again what runs', true, 1],
  ['wakes nothing', false, 0],
])('an object that begins anew %s', async (_what, isUp, dials) => {
  rows.add('far').add('left')
  const asked = Promise.resolve(isUp)
  far.askUp = () => asked

  createLinks().configure(new Set(['main', 'far', 'never-used']))

  await asked
  await vi.waitFor(() => expect(far.dials).toBe(dials))
})

describe('a container', () => {
  test('does not sleep while something begins there, however long that takes', async () => {
    const work = Promise.withResolvers<void>()
    const held = links.hold('far', () => work.promise)
    expect(links.mayRest('far', 0)).toBe(false)

    work.resolve()
    await held

    expect(links.mayRest('far', 0)).toBe(true)
    expect(links.mayRest('far', 60_000)).toBe(false)
  })

  test('does not sleep while it is dialled', async () => {
    const dial = Promise.withResolvers<void>()
    far.released = dial.promise
    await dialFar()
    links.configure(new Set(['main']))
    links.configure(new Set(['main', 'far']))

    const dialled = dialFar()
    expect(links.mayRest('far', 0)).toBe(false)

    dial.resolve()
    await dialled
    expect(links.mayRest('far', 0)).toBe(true)
  })

  test('that nobody knows of may sleep', () => {
    expect(links.mayRest('another', 60_000)).toBe(true)
  })
})

describe('a placement that is left', () => {
  test('is released and forgotten, and what ends later does not bring it back', async () => {
    await dialFar()
    const work = Promise.withResolvers<void>()
    const held = links.hold('far', () => work.promise)

    links.configure(new Set(['main']))
    work.resolve()
    await held
    await vi.waitFor(() => expect(links.others).toEqual([]))

    links.configure(new Set(['main']))
    expect(far.releases).toBe(1)
  })

  test('is dialled again only when its container has stopped', async () => {
    await dialFar()
    const stopped = Promise.withResolvers<void>()
    far.released = stopped.promise
    links.configure(new Set(['main']))
    links.configure(new Set(['main', 'far']))

    const again = dialFar()
    await links.join('far', 1)
    expect(far.dials).toBe(1)
    stopped.resolve()
    await again

    expect(far.dials).toBe(2)
    expect(links.others).toEqual(['far'])
  })

  test('is released with the next change when that failed', async () => {
    await dialFar()
    const error = vi.spyOn(console, 'error').mockReturnValue()
    far.released = Promise.reject(new Error('lost'))
    links.configure(new Set(['main']))
    await vi.waitFor(() => expect(error).toHaveBeenCalledOnce())
    expect(links.others).toEqual(['far'])

    far.released = Promise.resolve()
    links.configure(new Set(['main']))

    await vi.waitFor(() => expect(links.others).toEqual([]))
    error.mockRestore()
  })
})

test('a tenant that is removed keeps in mind which containers it could not stop', async () => {
  await dialFar()
  far.released = Promise.reject(new Error('lost'))
  await expect(links.end(1)).rejects.toThrow('lost')
  expect(links.others).toEqual(['far'])

  far.released = Promise.resolve()
  await links.end(1)

  expect(links.others).toEqual([])
})
