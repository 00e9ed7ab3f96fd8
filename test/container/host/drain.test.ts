/** SIGTERM with `HEARTH_DRAIN_MS`, as the platform replaces a container. */
import { afterEach, expect, test } from 'vitest'
import { launchOf, type HostProgram } from '#test/support/host-program.ts'
import { LinkClient } from '#test/support/link-client.ts'
import { CELL, startLinkSession, type LinkSession } from '#test/support/link-session.ts'
import { isRunning, waitUntilGone } from '#test/support/processes.ts'
import { FRAME } from '#protocol/link/frame.ts'

const CALLS = 10
const CALL_MS = 1_500
/** More than may be on its way unacknowledged. */
const LARGE_BYTES = 16 * 1024 * 1024
/** Nothing here may be waited for so long. */
const LONG_MS = 600_000

let host: HostProgram | undefined
afterEach(() => host?.stop('SIGKILL'))

async function start(drainMs: number): Promise<LinkSession> {
  const session = await startLinkSession({ HEARTH_DRAIN_MS: String(drainMs) })
  host = session.host
  return session
}

test('running calls are answered, then their processes end, then the host program, with 0', async () => {
  const session = await start(LONG_MS)
  const launch = launchOf('slow-tool', { maxProcesses: CALLS })
  const pids: number[] = []
  for (let channel = 1; channel <= CALLS; channel += 1) {
    pids.push((await session.open(channel, launch)).pid)
  }
  const answers = pids.map((_, at) => session.call(at + 1, 1, { arguments: { ms: CALL_MS } }))

  const exited = session.host.stop('SIGTERM')
  await session.link.take(FRAME.draining)

  expect(await Promise.all(answers)).toHaveLength(CALLS)
  expect(await exited).toBe(0)
  for (const [at] of pids.entries()) {
    const exit = await session.link.takeMeta(FRAME.exit, at + 1)
    expect(exit).toMatchObject({ reason: 'shutdown' })
  }
  expect(pids.filter(isRunning)).toEqual([])
})

test('nothing new is started or taken meanwhile, and whoever connects is told', async () => {
  const session = await start(LONG_MS)
  const launches = [launchOf('slow-tool'), launchOf('echo', { warm: 1 })]
  await session.open(1, ...launches)
  await session.open(2, ...launches)
  const answer = session.call(1, 1, { arguments: { ms: CALL_MS } })

  const exited = session.host.stop('SIGTERM')
  await session.link.take(FRAME.draining)
  session.link.open(3, 'echo')
  session.link.message(1, { jsonrpc: '2.0', id: 2, method: 'tools/call' })

  expect(await session.link.takeMeta(FRAME.refused, 3)).toEqual({ code: 'shutting_down' })
  expect(await session.link.takeMeta(FRAME.undelivered, 1)).toEqual({ id: 2 })
  // The one that was idle does not wait for the one that is busy.
  expect(await session.link.takeMeta(FRAME.exit, 2)).toMatchObject({ reason: 'shutdown' })
  session.link.cut()
  expect(await session.link.connect()).toMatchObject({ resumed: true, isDraining: true })
  expect(await answer).toMatchObject({ id: 1 })
  expect(await exited).toBe(0)
})

test('an object that comes while it drains gets the answers of the calls that run', async () => {
  const session = await start(LONG_MS)
  await session.open(1, launchOf('slow-tool'))
  session.link.message(1, {
    jsonrpc: '2.0',
    id: 1,
    method: 'x',
    params: { arguments: { ms: CALL_MS } },
  })

  const exited = session.host.stop('SIGTERM')
  await session.link.take(FRAME.draining)
  session.link.cut()
  const next = new LinkClient({ port: session.host.port, name: CELL })

  expect(await next.connect()).toMatchObject({ isDraining: true, channels: [{ channel: 1 }] })
  expect(await next.takeMessage(1)).toMatchObject({ id: 1 })
  expect(await exited).toBe(0)
})

test('a large answer arrives whole, however slowly the object takes it', async () => {
  const session = await start(LONG_MS)
  const { pid } = await session.open(1, launchOf('answers-at-length'))
  session.link.isSilent = true
  const params = { name: 'fill', arguments: { bytes: LARGE_BYTES } }
  session.link.message(1, { jsonrpc: '2.0', id: 1, method: 'tools/call', params })

  const exited = session.host.stop('SIGTERM')
  await session.link.take(FRAME.draining)
  await waitUntilGone(pid)
  session.link.isSilent = false
  session.link.acknowledge()

  expect(JSON.stringify(await session.link.takeMessage(1)).length).toBeGreaterThan(LARGE_BYTES / 2)
  expect(await exited).toBe(0)
})

test('what is answered only when the client hangs up is not waited for', async () => {
  const session = await start(LONG_MS)
  await session.open(1, launchOf('never-answers'))
  session.link.message(1, { jsonrpc: '2.0', id: 1, method: 'subscriptions/listen' })

  expect(await session.host.stop('SIGTERM')).toBe(0)
})

test('the deadline ends a call that does not end', async () => {
  const session = await start(300)
  await session.open(1, launchOf('never-answers'))
  session.link.message(1, { jsonrpc: '2.0', id: 1, method: 'tools/call' })

  expect(await session.host.stop('SIGTERM')).toBe(0)
  expect(await session.link.takeMeta(FRAME.exit, 1)).toMatchObject({ reason: 'shutdown' })
})

test('a second SIGTERM ends at once', async () => {
  const session = await start(LONG_MS)
  await session.open(1, launchOf('never-answers'))
  session.link.message(1, { jsonrpc: '2.0', id: 1, method: 'tools/call' })

  void session.host.stop('SIGTERM')
  await session.link.take(FRAME.draining)

  expect(await session.host.stop('SIGTERM')).toBe(0)
})

test('with nothing to wait for it ends at once, without any link, too', async () => {
  const session = await start(LONG_MS)
  await session.open(1, launchOf('echo'), launchOf('echo', { name: 'spare', warm: 2 }))
  session.link.cut()

  expect(await session.host.stop('SIGTERM')).toBe(0)
})
