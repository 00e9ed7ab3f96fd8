import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { launchOf } from '#test/support/host-program.ts'
import type { Received } from '#test/support/link-client.ts'
import { startLinkSession } from '#test/support/link-session.ts'
import type { LinkSession } from '#test/support/link-session.ts'
import { isRunning, waitUntilGone } from '#test/support/processes.ts'
import { FRAME } from '#protocol/link/frame.ts'
import type { ExitMeta, ProcessLaunch, RefusedMeta } from '#protocol/link.ts'

let session: LinkSession
let channel = 0
beforeAll(async () => {
  session = await startLinkSession({ SECRET_OF_THE_HOST: 'x', LANG: 'C.UTF-8' })
})
afterAll(() => session.host.stop())

async function open(fixture: string, changes: Partial<ProcessLaunch> = {}) {
  channel += 1
  const opened = await session.open(channel, launchOf(fixture, changes))
  return { ...opened, channel }
}

function takeExit(channel: number): Promise<ExitMeta> {
  return session.link.takeMeta<ExitMeta>(FRAME.exit, channel)
}

async function refusal(...launches: ProcessLaunch[]): Promise<RefusedMeta> {
  channel += 1
  session.link.configure(launches)
  session.link.open(channel, launches[0]?.name ?? 'nobody')
  return session.link.takeMeta<RefusedMeta>(FRAME.refused, channel)
}

describe('a process ends', () => {
  test('when its channel is closed', async () => {
    const { channel, pid } = await open('echo')

    session.link.close(channel)

    expect(await takeExit(channel)).toEqual({ exitCode: 0, signal: null, reason: 'closed' })
    expect(isRunning(pid)).toBe(false)
  })

  test('even when it ignores SIGTERM', async () => {
    const { channel } = await open('ignores-sigterm')
    await session.link.takeMessage(channel)

    session.link.close(channel)

    expect(await takeExit(channel)).toEqual({
      exitCode: null,
      signal: 'SIGKILL',
      reason: 'closed',
    })
  })

  test('with everything that it has started', async () => {
    const { channel } = await open('forks-a-child')
    const answer = (await session.call(channel, 1)) as { result: { pid: number } }
    expect(isRunning(answer.result.pid)).toBe(true)

    session.link.close(channel)

    await takeExit(channel)
    await waitUntilGone(answer.result.pid)
  })

  test('with what it has started in another session', async () => {
    const { channel } = await open('detaches-a-child')
    const answer = (await session.call(channel, 1)) as { result: { pid: number } }
    expect(isRunning(answer.result.pid)).toBe(true)

    session.link.close(channel)

    await takeExit(channel)
    await waitUntilGone(answer.result.pid)
  })

  test('and so do its children when it is killed', async () => {
    const { channel, pid } = await open('forks-a-child')
    const answer = (await session.call(channel, 1)) as { result: { pid: number } }

    process.kill(pid, 'SIGKILL')

    expect(await takeExit(channel)).toMatchObject({ signal: 'SIGKILL', reason: 'crashed' })
    await waitUntilGone(answer.result.pid)
  })

  test('when it has had no call for the idle time', async () => {
    const { channel } = await open('echo', { idleTimeoutMs: 300 })

    expect(await takeExit(channel)).toMatchObject({ reason: 'idle' })
  })

  test('not while a call is in flight, and a cancelled call is not', async () => {
    const { channel } = await open('never-answers', { idleTimeoutMs: 300 })
    const { link } = session
    link.message(channel, { jsonrpc: '2.0', id: 1, method: 'm' })
    await expect(
      link.until(() => link.inbox.some((frame) => frame.type === FRAME.exit), 900),
    ).rejects.toThrow('nothing came')

    const method = 'notifications/cancelled'
    link.message(channel, { jsonrpc: '2.0', method, params: { requestId: 1 } })

    expect(await takeExit(channel)).toMatchObject({ reason: 'idle' })
  })

  test('at its next idle moment when it is too old', async () => {
    const { channel } = await open('echo', { maxLifetimeMs: 300 })

    expect(await takeExit(channel)).toMatchObject({ reason: 'lifetime' })
  })

  test('when it does not read what is sent to it', async () => {
    const { channel } = await open('never-reads-stdin')
    const params = { text: 'x'.repeat(20 * 1024 * 1024) }
    for (let id = 1; id <= 4; id += 1) {
      session.link.message(channel, { jsonrpc: '2.0', id, method: 'm', params })
    }

    expect(await takeExit(channel)).toMatchObject({ reason: 'crashed' })
  })
})

describe('a failure to start', () => {
  test('of a command that does not exist names it', async () => {
    expect(await refusal(launchOf('missing', { command: 'no-such-command' }))).toMatchObject({
      code: 'server_start_failed',
      detail: 'command not found: no-such-command',
    })
  })

  test('in a folder that does not exist names the folder', async () => {
    expect(await refusal(launchOf('lost', { cwd: '/no/such/folder' }))).toMatchObject({
      detail: 'working folder not found: /no/such/folder',
    })
  })

  test('of a file that is no program names it', async () => {
    const file = fileURLToPath(import.meta.url)
    expect(await refusal(launchOf('text', { command: file }))).toMatchObject({
      detail: `command is not executable: ${file}`,
    })
  })

  test('of a server that is not configured is told', async () => {
    expect(await refusal()).toEqual({ code: 'server_not_found' })
  })
})

test('a server that exits at once is refused after five tries, with the time to wait', async () => {
  const why = {
    detail: 'the process exited with code 3',
    hint: expect.stringContaining('Run the command of server "exits-at-once" by hand'),
  }
  for (let n = 0; n < 5; n += 1) {
    const { channel } = await open('exits-at-once')
    expect(await takeExit(channel)).toEqual({
      ...{ exitCode: 3, signal: null, reason: 'crashed' },
      ...why,
    })
  }

  expect(await refusal(launchOf('exits-at-once'))).toEqual({
    code: 'server_crash_loop',
    ...why,
    retryAfterMs: expect.any(Number),
  })
})

test('what a process printed about a call is told to its caller alone', async () => {
  for (let n = 0; n < 5; n += 1) {
    const { channel } = await open('quotes-and-dies')
    const params = { name: 'any', arguments: { text: 'canary' } }
    session.link.message(channel, { jsonrpc: '2.0', id: 1, method: 'tools/call', params })
    expect(JSON.stringify(await takeExit(channel))).toContain('canary')
  }

  const refused = await refusal(launchOf('quotes-and-dies'))

  expect(refused.code).toBe('server_crash_loop')
  expect(JSON.stringify(refused)).not.toContain('canary')
})

test('a server whose processes die after an answer is no crash loop: each is replaced at once', async () => {
  for (let n = 0; n < 12; n += 1) {
    const { channel } = await open('exits-on-call')
    await session.call(channel, 1)
    session.link.message(channel, { jsonrpc: '2.0', id: 2, method: 'exit' })
    expect(await takeExit(channel)).toMatchObject({ exitCode: 7, reason: 'crashed' })
  }

  const { channel } = await open('exits-on-call')
  expect(await session.call(channel, 1)).toMatchObject({ id: 1 })
})

test('a killed process is replaced by the next open at once', async () => {
  const first = await open('exits-on-call')
  session.link.message(first.channel, { jsonrpc: '2.0', id: 1, method: 'exit' })
  expect(await takeExit(first.channel)).toMatchObject({ exitCode: 7, reason: 'crashed' })

  const second = await open('exits-on-call')

  expect(second.pid).not.toBe(first.pid)
  expect(await session.call(second.channel, 2, { n: 1 })).toMatchObject({ result: { n: 1 } })
})

test('a process gets its configured environment and a minimal base, nothing else', async () => {
  const { channel } = await open('tells-environment', { env: { MINE: 'yes' }, cwd: '/' })
  const { result } = (await session.call(channel, 1)) as {
    result: { env: Record<string, string>; cwd: string }
  }

  expect(Object.keys(result.env).sort()).toEqual(['HOME', 'LANG', 'MINE', 'PATH'])
  expect(result.cwd).toBe('/')
})

test('more processes than allowed are refused, and a freed place is taken', async () => {
  const limit = { name: 'limited', maxProcesses: 2 }
  const first = await open('echo', limit)
  await open('echo', limit)
  expect(await refusal(launchOf('echo', limit))).toEqual({ code: 'server_busy' })

  session.link.close(first.channel)

  expect(await open('echo', limit)).toMatchObject({ warm: false })
})

test('of ten idle processes five give way to five channels that come at once', async () => {
  const launch = launchOf('echo', { name: 'full', maxProcesses: 10 })
  const first = channel + 1
  channel += 15
  session.link.configure([launch])
  const open = (from: number, count: number): Promise<unknown[]> => {
    const numbers = Array.from({ length: count }, (_, n) => from + n)
    for (const number of numbers) session.link.open(number, 'full')
    const isSettled = ({ type }: { type: number }): boolean =>
      type === FRAME.opened || type === FRAME.refused
    const settled = async (number: number): Promise<unknown> => {
      const isIts = (frame: Received): boolean => frame.channel === number && isSettled(frame)
      await session.link.until(() => session.link.inbox.some(isIts))
      return session.link.inbox.find(isIts)?.type
    }
    return Promise.all(numbers.map(settled))
  }
  expect(await open(first, 10)).toEqual(Array(10).fill(FRAME.opened))
  // A process is idle when it has had no call for a second.
  await delay(1_050)

  expect(await open(first + 10, 5)).toEqual(Array(5).fill(FRAME.opened))
})
