/** What a data folder holds is for its owner, whatever the folder was made with. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { killTree, runHearth, type Command } from '#test/support/command.ts'
import { waitUntil } from '#test/support/processes.ts'

let folder: string
let data: string
let command: Command
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hearth-private-'))
  data = join(folder, 'data')
})
afterEach(async () => {
  await killTree(command)
  rmSync(folder, { recursive: true, force: true })
})

const modeOf = (path: string): number => statSync(path).mode & 0o777

async function start(): Promise<void> {
  const made = join(folder, 'made-by-a-server')
  const maker = { command: '/bin/sh', args: ['-c', `: > ${made}; exec cat`] }
  const config = join(folder, 'hearth.json')
  writeFileSync(config, JSON.stringify({ mcpServers: { maker } }))
  command = runHearth(['up', '--config', config, '--data', data, '--port', '0', '--json'])
  await command.ready()
  await waitUntil(() => existsSync(made), 'no server was started')
}

/** Everything in the folder that others may do anything with. */
function openIn(path: string): string[] {
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .map((name) => join(path, name))
    .filter((name) => !name.includes('/cache') && (modeOf(name) & 0o077) !== 0)
}

test('a folder that is there already is made private, and so is all that is written to it', async () => {
  mkdirSync(data)
  chmodSync(data, 0o755)

  await start()

  expect(modeOf(data)).toBe(0o700)
  expect(readdirSync(join(data, 'storage')).length).toBeGreaterThan(0)
  expect(openIn(data)).toEqual([])
  expect(modeOf(join(folder, 'made-by-a-server'))).toBe(0o666 & ~process.umask())
  expect(command.stderr.join('\n')).not.toContain('other users')
})

test('databases that others could read are closed to them, and it is said', async () => {
  mkdirSync(join(data, 'storage'), { recursive: true })
  for (const path of [data, join(data, 'storage')]) chmodSync(path, 0o755)

  await start()

  expect([data, join(data, 'storage')].map(modeOf)).toEqual([0o700, 0o700])
  const said = `hearth: other users of this machine could read the databases in ${data}`
  expect(command.stderr.filter((line) => line.startsWith(said))).toHaveLength(1)
})

test('a folder with other things in it keeps its mode, and the databases are closed', async () => {
  mkdirSync(data)
  writeFileSync(join(data, 'of-somebody-else'), '')
  chmodSync(data, 0o755)

  await start()

  expect(modeOf(data)).toBe(0o755)
  expect(modeOf(join(data, 'storage'))).toBe(0o700)
  expect(modeOf(join(data, 'secrets.json'))).toBe(0o600)
})
