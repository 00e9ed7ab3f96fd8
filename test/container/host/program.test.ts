import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import { HOST_TOKEN, launchOf, startHostProgram } from '#test/support/host-program.ts'
import type { HostProgram } from '#test/support/host-program.ts'
import { LinkClient } from '#test/support/link-client.ts'
import { CELL, startLinkSession } from '#test/support/link-session.ts'
import { isRunning, waitUntilGone } from '#test/support/processes.ts'
import { LOOK_MS } from '#container/supervisor/reaper.ts'
import { FRAME } from '#protocol/link/frame.ts'

let host: HostProgram | undefined
afterEach(() => host?.stop('SIGKILL'))

const CONSOLE = `/cells/${encodeURIComponent(CELL)}/console`
const LINK = `/link/${encodeURIComponent(CELL)}`
const right = { authorization: 'Bearer right' }

async function get(path: string, headers: Record<string, string> = {}): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${host?.port}${path}`, { headers })
  await response.body?.cancel()
  return response.status
}

test('every path needs the token, whatever is asked there', async () => {
  host = await startHostProgram({ HOST_PROGRAM_TOKEN: 'right' })
  const { port } = host
  await new LinkClient({ port, name: CELL, token: 'right' }).connect()

  for (const path of ['/', '/health', CONSOLE, LINK, '/cells/nobody/console', '/elsewhere']) {
    expect([path, await get(path), await get(path, { authorization: 'Bearer wrong' })]).toEqual([
      ...[path, 401, 401],
    ])
  }
  expect(await get(CONSOLE, right)).toBe(200)
  expect(await get('/cells/nobody/console', right)).toBe(404)
  expect(await get('/elsewhere', right)).toBe(404)
  const stranger = new LinkClient({ port, name: CELL, token: 'wrong' })
  await expect(stranger.connect()).rejects.toThrow('401')
})

test('a web page is refused, even one that knows the token', async () => {
  host = await startHostProgram({ HOST_PROGRAM_TOKEN: 'right' })
  const { port } = host
  const origin = 'https://hostile.example'

  expect(await get(CONSOLE, { ...right, origin })).toBe(403)
  const page = new LinkClient({ port, name: CELL, token: 'right', origin })
  await expect(page.connect()).rejects.toThrow('403')
})

test('a host program that was told its cell makes no other', async () => {
  host = await startHostProgram({ HEARTH_CELL: CELL })
  const { port } = host

  await expect(new LinkClient({ port, name: 'v1:other:main' }).connect()).rejects.toThrow('404')
  expect((await new LinkClient({ port, name: CELL }).connect()).channels).toEqual([])
})

test('without a token there is no host program', async () => {
  const none = { HOST_PROGRAM_TOKEN: '', HEARTH_PARENT_PIPE: '0' }
  await expect(startHostProgram(none)).rejects.toThrow('exited with 1')
})

test('a server is not given the token', async () => {
  const session = await startLinkSession()
  host = session.host
  await session.open(1, launchOf('tells-environment'))
  const told = JSON.stringify(await session.call(1, 1))
  expect(told).toContain('PATH')
  expect(told).not.toContain(HOST_TOKEN)
})

test('cells know nothing of one another', async () => {
  const session = await startLinkSession()
  host = session.host
  await session.open(1, launchOf('echo'))
  const other = new LinkClient({ port: host.port, name: 'v1:other:main' })

  expect((await other.connect()).channels).toEqual([])
  other.open(1, 'echo')
  expect(await other.takeMeta(FRAME.refused, 1)).toEqual({ code: 'server_not_found' })
  expect(await host.console('v1:other:main')).toEqual([])
})

test('SIGTERM ends every process, tells the object, and exits with 0', async () => {
  const session = await startLinkSession()
  host = session.host
  const { pid } = await session.open(1, launchOf('ignores-sigterm'))
  await session.link.takeMessage(1)

  expect(await host.stop()).toBe(0)

  expect(isRunning(pid)).toBe(false)
  expect(await session.link.takeMeta(FRAME.exit, 1)).toMatchObject({ reason: 'shutdown' })
})

test('the end of its parent ends it, and everything it has started', async () => {
  const session = await startLinkSession()
  host = session.host
  const { pid } = await session.open(1, launchOf('echo'))

  expect(await host.endParentPipe()).toBe(0)

  expect(isRunning(pid)).toBe(false)
})

test('when it is killed, not even a stubborn process stays behind', async () => {
  const session = await startLinkSession()
  host = session.host
  const { pid } = await session.open(1, launchOf('ignores-sigterm'))
  await session.link.takeMessage(1)

  await host.stop('SIGKILL')

  await waitUntilGone(pid)
})

test('when it is killed, not even what a process has started in another session stays behind', async () => {
  const session = await startLinkSession()
  host = session.host
  await session.open(1, launchOf('detaches-a-child'))
  const { result } = (await session.call(1, 1)) as { result: { pid: number } }
  expect(isRunning(result.pid)).toBe(true)
  // Its parent ends with its input, as soon as the host program is gone: what it started is known by then.
  await delay(LOOK_MS + 500)

  await host.stop('SIGKILL')

  await waitUntilGone(result.pid)
})

test('a setting that is no number is refused by name', async () => {
  await expect(startHostProgram({ PORT: 'eighty' })).rejects.toThrow('exited with 1')
})
