/** The file of a real `hearth up` changes ten times while clients of both eras call at 200 calls/s. */
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { ToolListChangedNotificationSchema } from '@modelcontextprotocol/sdk/types.js'
import { rootFolder } from '#cli/layout.ts'
import { killTree, runHearth, type Command } from '#test/support/command.ts'
import { waitUntil } from '#test/support/processes.ts'
import { bearer, modernURL, readText, type Target } from '../clients/client.ts'
import { connectSession, type Session } from '../clients/session.ts'

const SCRIPT = join(rootFolder, 'test', 'fixtures', 'servers', 'tells-version.mjs')
const RATE = 200
const LEGACY_SESSIONS = 4
const MODERN_CLIENTS = 2
/** What is in flight at once where the machine is slow; more is a failure of its own. */
const MAX_IN_FLIGHT = 400

interface Who {
  pid: number
  version?: string
}

let folder: string
let file: string
let command: Command
let url: string
let token: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hearth-reload-'))
  file = join(folder, 'mcp.json')
  await save({ mcpServers: { steady: server('1'), changing: server('1') } })
  const data = join(folder, 'data')
  const options = ['--config', file, '--data', data, '--port', '0', '--json']
  command = runHearth(['up', ...options])
  ;({ url, token } = await command.ready())
})

afterAll(async () => {
  await killTree(command)
  await rm(folder, { recursive: true, force: true })
})

const server = (version: string, more = {}) => ({
  ...{ command: 'node', args: [SCRIPT], warm: 1, env: { VERSION: version } },
  ...more,
})
const target = (name: string): Target => ({ url: `${url}/mcp/${name}`, token })

async function save(content: object | string): Promise<void> {
  const text = typeof content === 'string' ? content : JSON.stringify(content)
  await writeFile(`${file}~`, text)
  await rename(`${file}~`, file)
}

const readWho = (result: unknown) => JSON.parse(readText(result)) as Who
const ask = async (client: Session['client'], ms = 0) =>
  readWho(await client.callTool({ name: 'who', arguments: { ms } }))

/** A legacy session that counts what it is told of its tools. */
async function openSession(name: string): Promise<Session & { told: () => number }> {
  const session = await connectSession(target(name), {})
  await session.listening
  let told = 0
  session.client.setNotificationHandler(ToolListChangedNotificationSchema, () => void told++)
  return { ...session, told: () => told }
}

async function openModern(name: string): Promise<Client> {
  const headers = bearer(target(name))
  const client = new Client(
    { name: 'e2e-reload', version: '1.0.0' },
    { versionNegotiation: { mode: 'auto' } },
  )
  const transport = new StreamableHTTPClientTransport(new URL(modernURL(target(name).url)), {
    requestInit: { headers },
  })
  await client.connect(transport)
  expect(client.getProtocolEra()).toBe('modern')
  return client
}

/** Calls at `RATE`, whatever the answers take, until it is stopped. */
class Load {
  readonly #callers: (() => Promise<Who>)[]
  readonly #pids: Set<number>[]
  readonly failures: unknown[] = []
  #begunAt = 0
  #begun = 0
  #inFlight = 0
  #isStopped = false
  #running: Promise<void> | undefined

  constructor(callers: (() => Promise<Who>)[]) {
    this.#callers = callers
    this.#pids = callers.map(() => new Set())
  }

  start(): void {
    this.#begunAt = performance.now()
    this.#running = this.#run()
  }

  /** Resolves with the calls per second, once all are answered. */
  async stop(): Promise<number> {
    this.#isStopped = true
    const rate = (this.#begun * 1000) / (performance.now() - this.#begunAt)
    await this.#running
    await waitUntil(() => this.#inFlight === 0, 'calls are not answered', 30_000)
    return rate
  }

  pidsOf(caller: number): Set<number> {
    return this.#pids[caller] ?? new Set()
  }

  get count(): number {
    return this.#begun
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      const due = ((performance.now() - this.#begunAt) * RATE) / 1000
      while (this.#begun < due) this.#call(this.#begun++ % this.#callers.length)
      await sleep(1)
    }
  }

  #call(caller: number): void {
    if (this.#inFlight >= MAX_IN_FLIGHT) return void this.failures.push('too many are in flight')
    this.#inFlight += 1
    const answer = this.#callers[caller]?.() ?? Promise.reject(new Error('nobody calls'))
    answer
      .then(({ pid }) => this.pidsOf(caller).add(pid))
      .catch((error: unknown) => this.failures.push(error))
      .finally(() => (this.#inFlight -= 1))
  }
}

const outcomes = (outcome: string) =>
  command.stderr.filter((line) => line.includes(`"configuration","outcome":"${outcome}"`)).length

/** Saves and waits until it is applied, or refused. */
async function change(content: object | string, outcome = 'applied'): Promise<void> {
  const before = outcomes(outcome)
  await save(content)
  await waitUntil(() => outcomes(outcome) > before, `the change was not ${outcome}`, 15_000)
}

test('no call on untouched servers fails, no session is lost, and each change is told once', async () => {
  const steady = await Promise.all(
    Array.from({ length: LEGACY_SESSIONS }, () => openSession('steady')),
  )
  const modern = await Promise.all(
    Array.from({ length: MODERN_CLIENTS }, () => openModern('steady')),
  )
  const changing = await openSession('changing')
  const sessionIds = [...steady, changing].map((session) => session.sessionId())
  const load = new Load([
    ...steady.map(
      ({ client }) =>
        () =>
          ask(client),
    ),
    ...modern.map((client) => async () => {
      return readWho(await client.callTool({ name: 'who', arguments: {} }))
    }),
  ])
  const versions: (string | undefined)[] = []
  const askChanging = async () => versions.push((await ask(changing.client)).version)
  const config = (others: object) => ({ mcpServers: { steady: server('1'), ...others } })

  load.start()
  await askChanging()
  await change(config({ changing: server('1'), other: server('1') }))
  await change(config({ changing: server('1'), other: server('2') }))
  await change('{"mcpServers": {"steady"', 'refused')
  const running = ask(changing.client, 1_500)
  await change(config({ changing: server('2'), other: server('2') }))
  await askChanging()
  // The server that is wrong goes on as it was; the others change.
  await change(
    config({ steady: server('9', { comand: 'x' }), changing: server('3'), other: server('2') }),
  )
  await askChanging()
  await change(config({ changing: server('3') }))
  await change(config({ steady: server('1', { timeoutMs: 50_000 }), changing: server('3') }))
  await change(config({ changing: server('4') }))
  await askChanging()
  await change(config({ changing: server('4'), other: server('1') }))
  await waitUntil(() => changing.told() >= 3, 'a change was not told')
  const rate = await load.stop()

  expect(load.failures).toEqual([])
  expect(rate).toBeGreaterThan(RATE * 0.95)
  expect(versions).toEqual(['1', '2', '3', '4'])
  expect((await running).version).toBe('1')
  expect(changing.told()).toBe(3)
  expect(steady.map(({ told }) => told())).toEqual(steady.map(() => 0))
  expect([...steady, changing].map((session) => session.sessionId())).toEqual(sessionIds)
  const legacyPids = steady.map((_, caller) => load.pidsOf(caller))
  for (const pids of legacyPids) expect(pids.size).toBe(1)
  await Promise.all([...steady, changing].map((session) => session.close()))
  await Promise.all(modern.map((client) => client.close()))
}, 120_000)
