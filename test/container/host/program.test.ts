import { afterEach, expect, test } from 'vitest'
import { launchOf, startHostProgram } from '#test/support/host-program.ts'
import type { HostProgram } from '#test/support/host-program.ts'
import { LinkClient } from '#test/support/link-client.ts'
import { CELL, startLinkSession } from '#test/support/link-session.ts'
import { isRunning, waitUntilGone } from '#test/support/processes.ts'
import { FRAME } from '#protocol/link.ts'

let host: HostProgram | undefined
afterEach(() => host?.stop('SIGKILL'))

async function get(path: string, token?: string): Promise<number> {
  const headers: Record<string, string> = token ? { authorization: `Bearer ${token}` } : {}
  const response = await fetch(`http://127.0.0.1:${host?.port}${path}`, { headers })
  await response.body?.cancel()
  return response.status
}

test('with a token every path but /health needs it', async () => {
  host = await startHostProgram({ HOST_PROGRAM_TOKEN: 'right' })
  const { port } = host
  await new LinkClient({ port, name: CELL, token: 'right' }).connect()
  const console = `/cells/${encodeURIComponent(CELL)}/console`

  expect(await get('/health')).toBe(200)
  expect(await get(console)).toBe(401)
  expect(await get(console, 'wrong')).toBe(401)
  expect(await get(console, 'right')).toBe(200)
  expect(await get('/cells/nobody/console', 'right')).toBe(404)
  expect(await get('/elsewhere', 'right')).toBe(404)
  const stranger = new LinkClient({ port, name: CELL, token: 'wrong' })
  await expect(stranger.connect()).rejects.toThrow('401')
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

test('a setting that is no number is refused by name', async () => {
  await expect(startHostProgram({ PORT: 'eighty' })).rejects.toThrow('exited with 1')
})
