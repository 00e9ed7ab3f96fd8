/** Whoever reads the log may stall, leave, or be lied to: the gateway serves on, and no line is forged. */
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, expect, test } from 'vitest'
import {
  killTree,
  processTree,
  runHearth,
  type Command,
  type Ready,
} from '#test/support/command.ts'
import { fixture } from '#test/support/fixture-server.ts'
import { initialize } from '#test/support/http-client.ts'
import { waitUntil } from '#test/support/processes.ts'

/** More log than the system's pipe and the gateway's queue hold. */
const CALLS = 3_000
const AT_ONCE = 50

let folder: string
let command: Command
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'hearth-log-'))))
afterEach(async () => {
  await killTree(command)
  rmSync(folder, { recursive: true, force: true })
})

function start(servers: Record<string, unknown>, isUnread: boolean): Promise<Ready> {
  const file = join(folder, 'hearth.json')
  writeFileSync(file, JSON.stringify({ mcpServers: servers }))
  const args = ['up', '--config', file, '--data', join(folder, 'data'), '--port', '0', '--json']
  command = runHearth(args, { isUnread })
  return command.ready()
}

async function callOften({ url, token }: Ready): Promise<number> {
  const session = await initialize({ url: `${url}/mcp/echo`, token })
  let answered = 0
  for (let n = 0; n < CALLS; n += AT_ONCE) {
    const calls = Array.from({ length: AT_ONCE }, () => session.call('work'))
    for (const { message } of await Promise.all(calls)) if (message.result) answered += 1
  }
  return answered
}

async function stop(): Promise<number | null> {
  const exited = once(command.child, 'exit') as Promise<[number | null]>
  command.child.kill('SIGTERM')
  return (await exited)[0]
}

test('a reader that stalls holds up no call; what it missed is counted', async () => {
  const ready = await start({ echo: fixture('echo') }, true)

  expect(await callOften(ready)).toBe(CALLS)
  expect((await fetch(`${ready.url}/health`)).status).toBe(200)

  const lines: string[] = []
  createInterface({ input: command.child.stderr! }).on('line', (line) => lines.push(line))
  const missing = (): number =>
    lines
      .map((line) =>
        Number(/^hearth: (\d+) lines of the log are missing here/.exec(line)?.[1] ?? 0),
      )
      .reduce((sum, count) => sum + count)
  const isOfCall = (line: string): boolean => line.includes('"method":"tools/call"')
  // Lines of other things (the session, a start) are among the missing ones.
  const isWhole = (): boolean => lines.filter(isOfCall).length + missing() >= CALLS
  await waitUntil(() => lines.length > 0 && isWhole(), 'it does not say all that is missing')
  expect(missing()).toBeGreaterThan(0)
  expect(missing()).toBeLessThan(CALLS)
})

test('a reader that stalls does not keep it from its end', async () => {
  const ready = await start({ echo: fixture('echo') }, true)
  await callOften(ready)

  expect(await stop()).toBe(0)
})

test('a reader that leaves ends nothing', async () => {
  const ready = await start({ echo: fixture('echo') }, true)
  command.child.stderr?.destroy()
  command.child.stdout?.destroy()

  expect(await callOften(ready)).toBe(CALLS)
  expect(command.child.exitCode).toBeNull()
  expect(await stop()).toBe(0)
})

test('what a server says when it refuses to start is shown in one line, and obeyed by no terminal', async () => {
  const forged = 'no\nhearth: all is well\u001b[2J\u009b31m'
  const refuses = fixture('refuses-its-secret', { env: { GIVEN: forged } })
  await start({ refuses }, false)

  const said = (): string | undefined =>
    command.stderr.find((line) => line.includes('does not start'))
  await waitUntil(() => said() !== undefined, 'it says nothing')
  expect(said()).toContain('no\\u{a}hearth: all is well\\u{1b}[2J\\u{9b}31m')
  expect(command.stderr).not.toContain(expect.stringMatching(/^hearth: all is well/))
  expect(command.stderr.join('')).not.toMatch(/\p{Cc}/u)
})

test('the death of workerd is told, and it serves again', async () => {
  const { url, token } = await start({ echo: fixture('echo') }, false)
  const isWorkerd = (pid: number): boolean =>
    readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('--control-fd=3')
  const workerd = processTree(command.child.pid ?? 0).find(isWorkerd)

  process.kill(workerd ?? 0, 'SIGKILL')

  const told = 'workerd ended (SIGKILL); it is started again'
  await waitUntil(() => command.stderr.some((line) => line.includes(told)), 'it is not told')
  const answers = async (): Promise<boolean> => {
    const session = await initialize({ url: `${url}/mcp/echo`, token }).catch(() => undefined)
    return (await session?.call('work'))?.message.result !== undefined
  }
  await waitUntil(answers, 'it does not serve', 30_000)
})
