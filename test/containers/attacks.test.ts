/** What a server in a container can do to the host program beside it, and to that of another tenant. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connectSession, type Session } from '#test/e2e/clients/session.ts'
import { encodeFrame, FRAME } from '#protocol/link/frame.ts'
import { addressOf, hostContainers, limitProcessor, requireEngine } from './docker.ts'
import { run, toldServer } from './told-server.ts'
import { startWranglerDev, type WranglerDev } from './wrangler-dev.ts'

const START_MS = 480_000
const CALL_MS = 60_000
const CELL = 'v1:attacked:main'

let gateway: WranglerDev
let servers: Record<'bad' | 'good', { command: string; args: string[] }>
let bad: Session

beforeAll(async () => {
  await requireEngine()
  const server = await toldServer()
  servers = { bad: server, good: server }
  gateway = await startWranglerDev({ LOG_LEVEL: 'warn' })
  bad = await open('attacked', 'bad')
  await run(bad, 'return process.pid')
}, START_MS)

afterAll(async () => {
  await bad?.close()
  await gateway?.stop()
}, CALL_MS)

test(
  'a server reads nothing of its host program: not its environment, memory, files or secret',
  async () => {
    const found = await run<Found[]>(bad, READ_ALL)

    const host = found.find(({ command }) => command.includes('host.cjs'))
    expect(host).toMatchObject({ environ: 'EACCES', mem: 'EACCES', maps: 'EACCES', fd: 'EACCES' })
    expect(found.filter(({ environ }) => environ.includes('HOST_PROGRAM_TOKEN'))).toEqual([])
    const reaper = found.find(({ command }) => command.includes('groups='))
    expect(reaper).toMatchObject({ environ: 'EACCES', mem: 'EACCES', fd: 'EACCES' })
    expect(found.find(({ pid }) => pid === '1')).toMatchObject({ environ: 'EACCES' })
    expect(await run(bad, 'return process.getuid()')).toBe(10_001)
    expect(await run(bad, 'return process.getgroups()')).toEqual([10_001])
    expect(await run(bad, 'return Object.keys(process.env).toSorted()')).toEqual(
      ['HOME', 'LANG', 'PATH'].toSorted(),
    )
  },
  CALL_MS,
)

test(
  'a server can neither signal its host program nor the process that cleans up after it',
  async () => {
    const refused = await run<Record<string, string>>(bad, KILL_ALL)

    expect(Object.keys(refused).length).toBeGreaterThan(2)
    expect(new Set(Object.values(refused))).toEqual(new Set(['EPERM']))
    expect(await run(bad, 'return 1 + 1')).toBe(2)
  },
  CALL_MS,
)

test(
  'a server gets nothing from its host program by HTTP, whatever it asks for',
  async () => {
    const statuses = await run<number[]>(bad, askAll('127.0.0.1'))

    expect(statuses.length).toBeGreaterThan(10)
    for (const status of statuses) expect([401, 403]).toContain(status)
  },
  CALL_MS,
)

test(
  'hello, configure and open of a server run nothing, with and without a foreign origin',
  async () => {
    for (const origin of [undefined, 'https://hostile.example', 'http://127.0.0.1:8080']) {
      for (const name of [CELL, 'v1:made-up:main']) {
        const { outcome, hasRun } = await run<Attack>(bad, dial('127.0.0.1', name, origin))
        expect([origin, name, outcome, hasRun]).toEqual([origin, name, 'refused', false])
      }
    }
    expect(await run(bad, 'return "alive"')).toBe('alive')
  },
  CALL_MS,
)

test(
  'a server of another tenant reaches the host program of this one, and gets nothing from it',
  async () => {
    const [attacked] = await hostContainers(gateway.worker)
    if (attacked === undefined) throw new Error('no container runs')
    const address = await addressOf(attacked)
    const stranger = await open('stranger', 'bad')

    const statuses = await run<number[]>(stranger, askAll(address))
    const { outcome, hasRun } = await run<Attack>(stranger, dial(address, CELL, undefined))

    expect(new Set(statuses)).toEqual(new Set([401, 403]))
    expect([outcome, hasRun]).toEqual(['refused', false])
    expect(await run(bad, 'return "alive"')).toBe('alive')
    await stranger.close()
  },
  CALL_MS,
)

test(
  'what a server has started ends with it, though it runs as another user',
  async () => {
    const { pids, marker } = await run<{ pids: number[]; marker: string }>(bad, FORK)
    const watcher = await open('attacked', 'good')
    const alive = () => run<string[]>(watcher, `${PROCESSES}; return all.map((one) => one.command)`)
    expect(pids).toHaveLength(2)
    expect((await alive()).filter((command) => command.includes(marker))).toHaveLength(2)

    await run(bad, 'process.kill(process.pid, "SIGKILL")').catch(() => undefined)

    await expect
      .poll(async () => (await alive()).filter((command) => command.includes(marker)), {
        timeout: 20_000,
      })
      .toEqual([])
    await watcher.close()
  },
  CALL_MS,
)

test(
  'at a quarter of a core a session starts, answers, and its container refuses as before',
  async () => {
    const slow = await open('slow', 'bad')
    const before = new Set((await hostContainers(gateway.worker)).map(({ id }) => id))
    await run(slow, 'return 1')
    for (const { id } of await hostContainers(gateway.worker)) {
      if (!before.has(id)) await limitProcessor(id, 0.25)
    }

    const statuses = await run<number[]>(slow, askAll('127.0.0.1'))
    const { outcome, hasRun } = await run<Attack>(slow, dial('127.0.0.1', CELL, undefined))

    expect(new Set(statuses)).toEqual(new Set([401, 403]))
    expect([outcome, hasRun]).toEqual(['refused', false])
    await slow.close()
  },
  CALL_MS,
)

interface Attack {
  /** What became of the link. */
  outcome: string
  /** Whether the command that it asked for has run. */
  hasRun: boolean
}

interface Found {
  pid: string
  command: string
  environ: string
  mem: string
  maps: string
  fd: string
}

async function open(tenant: string, server: string): Promise<Session> {
  const { url, token } = await gateway.addTenant(tenant, servers)
  return connectSession({ url: url(server), token }, {})
}

const PROCESSES = `
  const fs = require('fs')
  const say = (read) => { try { return String(read()) } catch (error) { return error.code } }
  const all = fs.readdirSync('/proc').filter((name) => /^\\d+$/.test(name)).map((pid) => ({
    pid, command: say(() => fs.readFileSync('/proc/' + pid + '/cmdline', 'utf8')).replaceAll('\\0', ' '),
  }))`

const READ_ALL = `${PROCESSES}
  return all.map((one) => ({
    ...one,
    environ: say(() => fs.readFileSync('/proc/' + one.pid + '/environ', 'utf8')),
    mem: say(() => fs.closeSync(fs.openSync('/proc/' + one.pid + '/mem', 'r'))),
    maps: say(() => fs.readFileSync('/proc/' + one.pid + '/maps', 'utf8').length),
    fd: say(() => fs.readdirSync('/proc/' + one.pid + '/fd').length),
  }))`

/** Of everything that is not the attacker's own. */
const KILL_ALL = `${PROCESSES}
  const theirs = all.filter(({ pid, command }) =>
    pid === '1' || command.includes('host.cjs') || command.includes('groups='))
  return Object.fromEntries(theirs.flatMap(({ pid }) => ['SIGTERM', 'SIGSTOP', 'SIGKILL'].map((signal) =>
    [pid + signal, say(() => process.kill(Number(pid), signal))])))`

const FORK = `
  const { spawn } = require('child_process')
  const marker = 'left-behind-' + process.pid
  const code = '/* ' + marker + ' */ process.on("SIGTERM", () => {}); setInterval(() => {}, 1000)'
  const pids = [1, 2].map(() => spawn('node', ['-e', code], { stdio: 'ignore' }).pid)
  return { pids, marker }`

function askAll(address: string): string {
  return `
    const paths = ['/', '/health', '/host/health', '/cells', '/link', '/link/x', '/cells/x/origins',
      '/cells/${encodeURIComponent(CELL)}/console', '/cells/${encodeURIComponent(CELL)}/origins',
      '/link/${encodeURIComponent(CELL)}', '/cells/..%2f', '//', '/cells/%ff/console']
    const http = require('http')
    const ask = (path, headers, method) => new Promise((resolve, reject) => {
      http.request({ host: '${address}', port: 8080, path, headers, method }, (response) => {
        response.resume().on('end', () => resolve(response.statusCode))
      }).on('error', reject).end()
    })
    const guesses = [{}, { Authorization: 'Bearer undefined' }, { Authorization: 'Bearer ' },
      { Origin: 'https://hostile.example' }]
    return Promise.all(paths.flatMap((path) => guesses.flatMap((headers) =>
      ['GET', 'POST', 'OPTIONS'].map((method) => ask(path, headers, method)))))`
}

/** Dials the link as an object does, and has it run a command that leaves a file. */
function dial(address: string, name: string, origin: string | undefined): string {
  const mark = `/tmp/ran-${Math.random().toString(36).slice(2)}`
  const bounds = { warm: 0, maxProcesses: 1, idleTimeoutMs: 60_000, maxLifetimeMs: 60_000 }
  const command = { command: '/bin/sh', args: ['-c', `id > ${mark}`], env: {} }
  const launch = { name: 'evil', digest: 'evil', ...command, ...bounds }
  const open = { key: 'session:evil', server: 'evil' }
  const frames = [
    { type: FRAME.hello, channel: 0, meta: { versions: [1], epoch: 'evil' } },
    { type: FRAME.configure, channel: 0, seq: 1, meta: { launches: [launch] } },
    { type: FRAME.open, channel: 1, seq: 2, meta: open },
  ].map((frame) => Buffer.from(encodeFrame(frame)).toString('base64'))
  const headers = origin === undefined ? {} : { headers: { origin } }
  return `
    const url = 'ws://${address}:8080/link/${encodeURIComponent(name)}'
    const socket = new WebSocket(url, ${JSON.stringify(headers)})
    socket.binaryType = 'arraybuffer'
    const outcome = await new Promise((resolve) => {
      socket.onerror = () => resolve('refused')
      socket.onopen = () => {
        for (const frame of ${JSON.stringify(frames)}) socket.send(Buffer.from(frame, 'base64'))
      }
      let count = 0
      // The welcome, and then what became of the open.
      socket.onmessage = () => (count += 1) > 1 && setTimeout(resolve, 1000, 'served')
    })
    return { outcome, hasRun: require('fs').existsSync('${mark}') }`
}
