/** What happens in a container whose memory runs out. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { connectSession, type Session } from '#test/e2e/clients/session.ts'
import { hostContainers, limitMemory, requireEngine } from './docker.ts'
import { run, toldServer } from './told-server.ts'
import { startWranglerDev, type WranglerDev } from './wrangler-dev.ts'

const START_MS = 480_000
const CALL_MS = 60_000
const LIMIT_MIB = 320

let gateway: WranglerDev
let servers: Record<'greedy' | 'modest', { command: string; args: string[]; warm: number }>

beforeAll(async () => {
  await requireEngine()
  const server = { ...(await toldServer()), warm: 0 }
  servers = { greedy: server, modest: server }
  gateway = await startWranglerDev({ LOG_LEVEL: 'warn' })
}, START_MS)

afterAll(() => gateway?.stop(), CALL_MS)

test(
  'memory that runs out ends the server that took it, which is told, and nothing else',
  async () => {
    const { modest, greedy } = await start('hungry')
    const before = await run<number>(modest, 'return process.pid')
    expect(await run(modest, SCORES)).toEqual({ host: '0', own: '500' })

    await expect(run(greedy, EAT)).rejects.toMatchObject({
      message: expect.stringContaining(`memory had run out (${LIMIT_MIB} MiB`),
      data: { code: 'server_exited', retryable: true },
    })

    // The host program and the other process live, and so does the session that lost its own.
    expect(await run(modest, 'return process.pid')).toBe(before)
    expect(await run(greedy, 'return 1 + 1')).toBe(2)
    await Promise.all([modest.close(), greedy.close()])
  },
  CALL_MS,
)

test(
  'a process that memory has no room for is refused with the figures, and started when it has',
  async () => {
    const { modest, greedy } = await start('full')
    const full = run(greedy, FILL)
    await expect.poll(() => run(greedy, IS_FULL), { timeout: 20_000 }).toBe(true)
    // One that is idle would give way.
    const busy = run(modest, 'await new Promise((resolve) => setTimeout(resolve, 6000))\nreturn 1')

    await expect(open('full', 'modest')).rejects.toMatchObject({
      message: expect.stringMatching(
        /memory is short: \d+ of 320 MiB are left, and a start needs 80/,
      ),
      data: { code: 'server_busy', retryable: true },
    })

    await Promise.all([full, busy])
    // The one that was full ends, with what it took, soon after it has answered.
    const later = await vi.waitFor(() => open('full', 'modest'), { timeout: 20_000, interval: 250 })
    expect(await run(later, 'return 1 + 1')).toBe(2)
    await Promise.all([modest.close(), greedy.close(), later.close()])
  },
  CALL_MS,
)

async function open(tenant: string, server: string): Promise<Session> {
  const { url, token } = await gateway.addTenant(tenant, servers)
  return connectSession({ url: url(server), token }, {})
}

/** A session with each server, in a container of `LIMIT_MIB`. */
async function start(tenant: string): Promise<{ modest: Session; greedy: Session }> {
  const before = new Set((await hostContainers(gateway.worker)).map(({ id }) => id))
  const modest = await open(tenant, 'modest')
  const greedy = await open(tenant, 'greedy')
  await run(greedy, 'return 1')
  for (const { id } of await hostContainers(gateway.worker)) {
    if (!before.has(id)) await limitMemory(id, LIMIT_MIB)
  }
  return { modest, greedy }
}

const SCORES = `
  const fs = require('fs')
  const read = (pid, file) => fs.readFileSync('/proc/' + pid + '/' + file, 'utf8').trim()
  const pids = fs.readdirSync('/proc').filter((name) => /^\\d+$/.test(name))
  const host = pids.find((pid) => read(pid, 'cmdline').startsWith('node\\0/opt/hearth'))
  return { host: read(host, 'oom_score_adj'), own: read('self', 'oom_score_adj') }`

const EAT = `
  const kept = []
  for (;;) {
    kept.push(Buffer.alloc(8 * 1024 * 1024, 1))
    await new Promise((resolve) => setTimeout(resolve, 5))
  }`

/** Until 50 MiB are left; gives it all back after a while. */
const FILL = `
  const fs = require('fs')
  const folder = '/sys/fs/cgroup' + (fs.existsSync('/sys/fs/cgroup/memory.max') ? '' : '/memory')
  const isV2 = !folder.endsWith('/memory')
  const read = (name) => fs.readFileSync(folder + '/' + name, 'utf8')
  const stat = Object.fromEntries(read('memory.stat').split('\\n').map((line) => line.split(' ')))
  const cached = ['active_file', 'inactive_file'].reduce((sum, name) =>
    sum + Number(stat[(isV2 ? '' : 'total_') + name]), 0)
  const used = Number(read(isV2 ? 'memory.current' : 'memory.usage_in_bytes')) - cached
  let kept = Buffer.alloc(${LIMIT_MIB} * 1024 * 1024 - used - 50 * 1024 * 1024, 1)
  globalThis.full = kept.length > 0
  await new Promise((resolve) => setTimeout(resolve, 6000))
  process.exitCode = 0
  setTimeout(() => process.exit(0), 100)
  return true`

const IS_FULL = 'return globalThis.full === true'
