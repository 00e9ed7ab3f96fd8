import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { CellConsole } from '#container/console/process-console.ts'
import { CommandResolver } from '#container/resolve/command.ts'
import { Floods } from '#container/stdio/line-reader.ts'
import { startReaper } from '#container/supervisor/reaper.ts'
import { startProcess } from '#container/supervisor/start-process.ts'
import { Turns } from '#container/supervisor/start-queue.ts'
import { AskNumbers } from '#protocol/numbering/numbers.ts'
import { Supervisor } from '#container/supervisor/supervisor.ts'
import { launchOf } from '#test/support/host-program.ts'
import { childrenOf, waitUntil } from '#test/support/processes.ts'
import { URGENCY, type ProcessLaunch } from '#protocol/link.ts'

const reaper = startReaper()
const turns = new Turns(() => false)
const log = (): void => undefined
const starter = {
  resolver: new CommandResolver({
    cacheDir: '/nowhere',
    nodeModules: [],
    installEnv: {},
    turns,
    log,
  }),
  reaper,
  askNumbers: new AskNumbers(0),
  baseEnv: { PATH: process.env.PATH ?? '' },
  floods: new Floods(),
  turns,
  installs: turns,
  log,
}

let supervisor: Supervisor
let seen: Map<number, string>
afterEach(() => supervisor.shutDown())

/** A cell of at most three processes; every event of a channel is noted. */
function createSupervisor(): void {
  seen = new Map()
  const console = new CellConsole()
  supervisor = new Supervisor(
    {
      maxProcesses: 3,
      start: async (launch, watch, onExit) => {
        if (launch.remote !== undefined) throw new TypeError('no remote server here')
        return startProcess(starter, { launch, console, watch, onExit })
      },
    },
    {
      onLaunch: () => undefined,
      onOpened: (channel, { warm }) => seen.set(channel, warm ? 'warm' : 'opened'),
      onRefused: (channel, { code }) => seen.set(channel, code),
      onExit: (channel) => seen.set(channel, 'exit'),
      onMessage: () => undefined,
      onOversize: () => undefined,
      onUndelivered: () => undefined,
      onFailed: () => undefined,
      onPrinted: () => undefined,
      onFailing: () => undefined,
    },
  )
}

/** A process gives its place away when it has had no call for a second. */
const untilIdle = (): Promise<void> => delay(1_050)

const untilOver = (channels: number[]): Promise<void> =>
  waitUntil(() => channels.every((channel) => seen.get(channel) === 'exit'), 'not over')

const open = (channel: number, server: string, owner?: string): void =>
  supervisor.open(channel, { key: `k${channel}`, server, ...(owner !== undefined && { owner }) })

const countOf = (name: string): number => childrenOf(process.pid, `--${name}`).length
const launch = (name: string, warm: number): ProcessLaunch => {
  const { args } = launchOf('never-answers')
  return launchOf('never-answers', { name, warm, args: [...args, `--${name}`] })
}

async function waitForCounts(first: number, second: number): Promise<void> {
  const hold = (): boolean => countOf('first') === first && countOf('second') === second
  await waitUntil(hold, `not ${first} and ${second} processes`)
}

test('in a full cell a spare of another server gives way to a channel', async () => {
  createSupervisor()
  supervisor.configure([launch('first', 3), launch('second', 0)])
  await waitForCounts(3, 0)

  supervisor.open(1, { key: 'k', server: 'second' })

  await waitForCounts(2, 1)
  expect(seen.get(1)).toBe('opened')
})

test('a cell that is full of channels refuses, and refills its spares when there is room', async () => {
  createSupervisor()
  supervisor.configure([launch('first', 1), launch('second', 0)])
  await waitForCounts(1, 0)
  for (const channel of [1, 2, 3, 4]) open(channel, 'second')
  await waitForCounts(0, 3)
  expect(seen.get(4)).toBe('server_busy')

  supervisor.close(1)

  await waitForCounts(1, 2)
  await waitUntil(() => seen.get(1) === 'exit', 'no exit')
})

test('in a cell that is full of idle processes those of another server give way, one to each channel', async () => {
  createSupervisor()
  supervisor.configure([launch('first', 0), launch('second', 0)])
  for (const channel of [1, 2, 3]) open(channel, 'first')
  await waitForCounts(3, 0)
  await untilIdle()

  for (const channel of [4, 5]) open(channel, 'second')

  await waitForCounts(1, 2)
  expect([4, 5].map((channel) => seen.get(channel))).toEqual(['opened', 'opened'])
})

describe('of idle processes', () => {
  const opened = async (owners: Record<string, number[]>, server = 'first'): Promise<void> => {
    for (const [owner, channels] of Object.entries(owners)) {
      for (const channel of channels) open(channel, server, owner === 'nobody' ? undefined : owner)
    }
    await waitForCounts(3, 0)
    await untilIdle()
  }

  test.each(['first', 'second'])(
    'that of whoever has most in the cell gives way to one of %s, however long another’s is idle',
    async (server) => {
      createSupervisor()
      supervisor.configure([launch('first', 0), launch('second', 0)])
      await opened({ ben: [1], anna: [2, 3] })

      open(4, server, 'cleo')

      await untilOver([2])
      await waitUntil(() => seen.get(4) === 'opened', 'not opened')
      expect([1, 3].map((channel) => seen.get(channel))).toEqual(['opened', 'opened'])
    },
  )

  test.each(['first', 'second'])(
    'whoever has most gives up its own for one more of %s, and is refused where it uses them',
    async (server) => {
      createSupervisor()
      supervisor.configure([launch('first', 0), launch('second', 0)])
      await opened({ ben: [1], anna: [2, 3] })

      for (const channel of [4, 5, 6]) open(channel, server, 'anna')

      await untilOver([2, 3])
      await waitUntil(() => seen.get(5) === 'opened', 'not opened')
      expect(seen.get(1)).toBe('opened')
      expect(seen.get(6)).toBe('server_busy')
    },
  )

  test('one that was nobody’s is whose it was said to be since', async () => {
    createSupervisor()
    supervisor.configure([launch('first', 0), launch('second', 0)])
    await opened({ nobody: [1], ben: [2, 3] })
    supervisor.hurry(1, { urgency: URGENCY.call, owner: 'anna' })

    open(4, 'first', 'cleo')

    await untilOver([2])
    expect(seen.get(1)).toBe('opened')
  })

  test('within a server’s maxProcesses the same holds, and one of nobody’s goes first', async () => {
    createSupervisor()
    supervisor.configure([{ ...launch('first', 0), maxProcesses: 3 }])
    await opened({ ben: [1], anna: [2], nobody: [3] })

    for (const channel of [4, 5, 6]) open(channel, 'first', 'anna')

    await untilOver([2, 3])
    await waitUntil(() => seen.get(5) === 'opened', 'not opened')
    expect(seen.get(1)).toBe('opened')
    expect(seen.get(6)).toBe('server_busy')
  })
})
