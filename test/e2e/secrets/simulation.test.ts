/**
 * Principals call, change their secrets, and lose processes, the host program and the object, in
 * random order and side by side: whatever is answered, it is by a process with their own value.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fixture } from '#test/support/fixture-server.ts'
import { startGateway, type Gateway } from '#test/support/gateway.ts'
import {
  initialize,
  ModernClient,
  type LegacyClient,
  type Target,
} from '#test/support/http-client.ts'
import { childrenOf } from '#test/support/processes.ts'
import { createRandom } from '#test/support/random.ts'
import { hash, readGiven } from './given.ts'

const STEPS = 40
const SEED = Number(process.env.SEED ?? 20_261)
const random = createRandom(SEED)
const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T

const env = { GIVEN: '${principal:KEY}' }
const SERVERS = {
  legacy: fixture('tells-secrets', { env, warm: 1 }),
  modern: fixture('tells-secrets-modern', { env }),
  shared: fixture('tells-secrets', { env, sharing: 'shared' }),
}

interface Person {
  name: string
  principal: string
  token: string
  /** Each value that the secret ever had. */
  values: string[]
  clients: { client: LegacyClient | ModernClient; what: string }[]
}

let gateway: Gateway
beforeAll(async () => void (gateway = await startGateway({ servers: SERVERS, warm: false })))
afterAll(() => gateway?.stop())

async function createPerson(name: string): Promise<Person> {
  const body = { name, grants: { scopes: ['*'] } }
  const made = await gateway.admin<{ token: string; info: { principal: string } }>(
    ...(['POST', 'tokens', body] as const),
  )
  const { principal } = made.info
  const person: Person = { name, principal, token: made.token, values: [], clients: [] }
  await changeSecret(person)
  for (const server of Object.keys(SERVERS)) {
    const target: Target = { url: gateway.mcpURL(server), token: person.token }
    const clients = [await initialize(target), await initialize(target), new ModernClient(target)]
    person.clients.push(...clients.map((client) => ({ client, what: `${name} on ${server}` })))
  }
  return person
}

async function changeSecret(person: Person): Promise<void> {
  const value = `${person.name}-${person.values.length}-${Math.floor(random() * 1e9)}`
  person.values.push(value)
  const path = `principals/${encodeURIComponent(person.principal)}/secrets/KEY`
  await gateway.admin('PUT', path, { value })
}

test(`no answer is of another principal's process (seed ${SEED})`, async () => {
  const people = [
    await createPerson('alice'),
    await createPerson('bob'),
    await createPerson('carol'),
  ]
  const owners = new Map<number, string>()
  let answered = 0

  async function call(): Promise<void> {
    const person = pick(people)
    const { client, what } = pick(person.clients)
    const answer = await client.call('given')
    if (answer.message.error !== undefined) {
      // A fault may end a call, and never tells it what is another's.
      expect(`${what}: ${answer.message.error.data?.code}`).toMatch(
        /: (server_exited|host_unavailable)$/,
      )
      return
    }
    const { pid, env: told } = readGiven(answer)
    expect(person.values.map(hash), what).toContain(told.GIVEN)
    expect(owners.get(pid) ?? person.name, `${what}: process ${pid}`).toBe(person.name)
    owners.set(pid, person.name)
    answered += 1
  }
  const faults = [
    () => changeSecret(pick(people)),
    () => changeSecret(pick(people)),
    async () => {
      const pids = childrenOf(gateway.hostProgramPid, 'tells-secrets')
      if (pids.length > 0) process.kill(pick(pids), 'SIGKILL')
    },
    () => gateway.evictServerHost(),
    async () => {
      // Ids of its processes may come again.
      await gateway.killHostProgram()
      owners.clear()
    },
  ]

  for (let step = 0; step < STEPS; step++) {
    const fault = random() < 0.4 ? pick(faults) : undefined
    const calls = Array.from({ length: 6 }, call)
    await Promise.all([...calls, fault?.()])
  }

  expect(answered).toBeGreaterThan(STEPS)
}, 120_000)
