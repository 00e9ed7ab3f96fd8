/** `${principal:…}` with real processes: each principal has its own, and nobody another one's. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { fixture } from '#test/support/fixture-server.ts'
import { startGateway, type Gateway } from '#test/support/gateway.ts'
import {
  initialize,
  LegacyClient,
  ModernClient,
  sendInitialize,
  type Target,
} from '#test/support/http-client.ts'
import { childrenOf, waitUntil, waitUntilGone } from '#test/support/processes.ts'
import { formsOf, hash, kill, readGiven, type Given } from './given.ts'

interface Person {
  principal: string
  token: string
  value: string
}

const env = { GIVEN: '${principal:KEY}', GIVEN_COMMON: '${secret:COMMON}' }
const servers = {
  legacy: fixture('tells-secrets', { env }),
  modern: fixture('tells-secrets-modern', { env }),
  shared: fixture('tells-secrets', { env, sharing: 'shared' }),
  warm: fixture('tells-secrets', { env, warm: 1 }),
  common: fixture('tells-secrets', { env: { GIVEN: '${secret:COMMON}' } }),
}
const COMMON = 'value-that-all-of-them-have'

const folder = mkdtempSync(join(tmpdir(), 'hearth-principals-'))
let gateway: Gateway
let alice: Person
let bob: Person

beforeAll(async () => {
  gateway = await startGateway({ servers: {}, dataFolder: folder, logLevel: 'debug' })
  await gateway.admin('PUT', 'secrets/COMMON', { value: COMMON })
  await gateway.putServers(servers)
})
afterAll(async () => {
  await gateway?.stop()
  rmSync(folder, { recursive: true, force: true })
})
beforeEach(async () => {
  ;[alice, bob] = [await createPerson('alice'), await createPerson('bob')]
  await Promise.all([putKey(alice), putKey(bob)])
})

async function createPerson(name: string): Promise<Person> {
  const { token, info } = await gateway.admin<{ token: string; info: { principal: string } }>(
    ...(['POST', 'tokens', { name, grants: { scopes: ['*'] } }] as const),
  )
  return { token, principal: info.principal, value: `key-of-${name}-${token.slice(-16)}` }
}
const secretPath = ({ principal }: Person) =>
  `principals/${encodeURIComponent(principal)}/secrets/KEY`
const putKey = (person: Person, value = person.value) =>
  gateway.admin('PUT', secretPath(person), { value })

const targetOf = ({ token }: Person, server: string): Target => {
  return { token, url: gateway.mcpURL(server) }
}
const asLegacy = (person: Person, server: string) => initialize(targetOf(person, server))
const asModern = (person: Person, server: string) => new ModernClient(targetOf(person, server))
const given = async (client: LegacyClient | ModernClient): Promise<Given> =>
  readGiven(await client.call('given'))
const envOf = ({ value }: Person) => ({ GIVEN: hash(value), GIVEN_COMMON: hash(COMMON) })

describe.each(['legacy', 'modern', 'shared'])('a personal %s server', (server) => {
  test('gives each principal processes of its own, with its own value, in both eras', async () => {
    const people = [alice, bob, alice, bob]
    const all = await Promise.all(
      people.flatMap((person) => [
        asLegacy(person, server).then(given),
        given(asModern(person, server)),
      ]),
    )

    const mine = all.filter((_, at) => people[at >> 1] === alice)
    const theirs = all.filter((_, at) => people[at >> 1] === bob)
    expect(mine.map((one) => one.env)).toEqual(mine.map(() => envOf(alice)))
    expect(theirs.map((one) => one.env)).toEqual(theirs.map(() => envOf(bob)))
    const pids = new Set(mine.map(({ pid }) => pid))
    expect(theirs.filter(({ pid }) => pids.has(pid))).toEqual([])
  })

  test('tells a principal without the secret which it lacks, and serves the others', async () => {
    const carol = await createPerson('carol')

    const refused = [
      await sendInitialize(targetOf(carol, server)),
      await asModern(carol, server).call('given'),
    ]

    for (const { status, message } of refused) {
      expect(status).toBe(200)
      expect(message.error?.data).toEqual({
        ...{ code: 'secret_missing', retryable: false, missing: ['${principal:KEY}'] },
      })
    }
    expect((await given(asModern(bob, server))).env).toEqual(envOf(bob))
    await putKey(carol)
    expect((await given(asModern(carol, server))).env).toEqual(envOf(carol))
  })

  test('gives a changed value to the next process of that principal, and of nobody else', async () => {
    const session = await asLegacy(alice, server)
    const theirs = await asLegacy(bob, server)
    const before = await given(session)
    const others = [await given(asModern(bob, server)), await given(theirs)]

    await putKey(alice, 'changed-key-of-alice')
    const after = await given(asModern(alice, server))

    expect(after.env.GIVEN).toBe(hash('changed-key-of-alice'))
    expect([await given(asModern(bob, server)), await given(theirs)]).toEqual(others)
    const next = await given(session)
    expect(next.pid).not.toBe(before.pid)
    expect(next.env.GIVEN).toBe(hash('changed-key-of-alice'))
  })

  test('goes on after kill -9 with the same value', async () => {
    const session = await asLegacy(alice, server)
    const { pid } = await given(session)

    await kill(pid)

    const after = await given(session)
    expect(after.pid).not.toBe(pid)
    expect(after.env).toEqual(envOf(alice))
    expect((await given(asModern(alice, server))).env).toEqual(envOf(alice))
  })

  test('goes on after an eviction of its object, each session with its principal', async () => {
    const [mine, theirs] = [await asLegacy(alice, server), await asLegacy(bob, server)]
    const before = [await given(mine), await given(theirs)]

    await gateway.evictServerHost()
    const after = await Promise.all([given(mine), given(theirs)])

    expect(after.map((one) => one.env)).toEqual([envOf(alice), envOf(bob)])
    // A process that a session has to itself is adopted; the others are begun anew.
    if (server === 'legacy') expect(after).toEqual(before)
    const modern = [await given(asModern(alice, server)), await given(asModern(bob, server))]
    expect(modern.map((one) => one.env)).toEqual([envOf(alice), envOf(bob)])
  })

  test('goes on after the host program died', async () => {
    const [mine, theirs] = [await asLegacy(alice, server), await asLegacy(bob, server)]
    await Promise.all([given(mine), given(theirs)])

    await gateway.killHostProgram()

    const after = await Promise.all([given(mine), given(theirs)])
    expect(after.map((one) => one.env)).toEqual([envOf(alice), envOf(bob)])
  })

  test('has no session of one principal for another, also after an eviction', async () => {
    const session = await asLegacy(alice, server)
    const stolen = new LegacyClient(targetOf(bob, server), session.sessionId)
    const refusals = [await stolen.call('given')]
    await gateway.evictServerHost()
    refusals.push(await stolen.call('given'))

    expect(refusals.map(({ status }) => status)).toEqual([404, 404])
    expect((await given(session)).env).toEqual(envOf(alice))
  })
})

test('a call that runs while its object goes is answered by its own process', async () => {
  const session = await asLegacy(alice, 'legacy')
  const { pid } = await given(session)
  await gateway.evictServerHost()

  const calls = await Promise.all([1, 2, 3].map(() => given(session)))

  expect(new Set(calls.map((call) => call.pid))).toEqual(new Set([pid]))
})

test("spares of a personal server are their principal's, and are replaced with its value", async () => {
  const first = await given(await asLegacy(alice, 'warm'))
  expect(first.env).toEqual(envOf(alice))
  // Alice's process and her spare; nobody else has one.
  await waitUntil(() => spares().length === 2, 'no spare')
  const [spare] = spares().filter((pid) => pid !== first.pid)

  expect((await given(await asLegacy(bob, 'warm'))).pid).not.toBe(spare)
  expect((await given(await asLegacy(alice, 'warm'))).pid).toBe(spare)
  await putKey(alice, 'changed-key-of-alice')
  const third = await given(await asLegacy(alice, 'warm'))
  expect(third.env.GIVEN).toBe(hash('changed-key-of-alice'))
  await waitUntilGone(first.pid)
})

test('a secret of the tenant is no secret of a principal, whatever its name', async () => {
  const carol = await createPerson('carol')
  await gateway.admin('PUT', 'secrets/KEY', { value: 'of-the-tenant' })

  const answer = await asModern(carol, 'legacy').call('given')

  expect(answer.message.error?.data?.missing).toEqual(['${principal:KEY}'])
})

test('personal servers do not hold up the others, nor readiness', async () => {
  await gateway.admin('POST', 'warm')

  const ready = await fetch(`${gateway.url}/ready`, { headers: gateway.headers })

  expect(await ready.json()).toMatchObject({ ready: true })
  const [one, other] = [
    await given(asModern(alice, 'common')),
    await given(asModern(bob, 'common')),
  ]
  expect(one.pid).not.toBe(other.pid)
})

test('no log line, console line or file holds a value', async () => {
  const seen = [(await gateway.allLogs()).join('\n'), await gateway.console()]
  expect(seen[1]).toContain('as it is [redacted]')

  const values = [alice.value, bob.value, COMMON, 'changed-key-of-alice']
  for (const text of seen) {
    for (const form of values.flatMap(formsOf)) expect(text.indexOf(form), form).toBe(-1)
  }
  const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) =>
    entry.isFile(),
  )
  for (const { parentPath, name } of files) {
    const stored = await readFile(join(parentPath, name))
    for (const form of values.flatMap(formsOf)) expect(stored.indexOf(form), name).toBe(-1)
  }
})

function spares(): number[] {
  return childrenOf(gateway.hostProgramPid, 'tells-secrets.mjs').filter((pid) => {
    return readEnvironment(pid).includes(alice.value)
  })
}

function readEnvironment(pid: number): string {
  return readFileSync(`/proc/${pid}/environ`, 'utf8')
}
