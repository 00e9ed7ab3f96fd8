/** What a host program keeps of the secrets that its launches name. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { launchOf } from '#test/support/host-program.ts'
import { CELL, startLinkSession } from '#test/support/link-session.ts'
import type { LinkSession } from '#test/support/link-session.ts'
import { waitUntil } from '#test/support/processes.ts'
import { FRAME } from '#protocol/link/frame.ts'
import type { Launch, RefusedMeta } from '#protocol/link.ts'

const VALUE = 'value-of-a-secret-0123456789'
const LINE_BYTES = 8 * 1024

/** A package manager that cannot do what it is asked for, and says what that was. */
const UV = '#!/bin/sh\necho "error: cannot do $*" >&2\nexit 1\n'

let folder: string
let session: LinkSession
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hearth-redaction-'))
  await writeFile(join(folder, 'uv'), UV, { mode: 0o755 })
  const PATH = `${folder}${delimiter}${process.env.PATH}`
  session = await startLinkSession({ PATH, HEARTH_CACHE: join(folder, 'cache') })
})
afterAll(async () => {
  await session.host.stop()
  await rm(folder, { recursive: true, force: true })
})

async function linesOf(server: string, count: number): Promise<string[]> {
  const read = async () =>
    (await session.host.console(CELL)).filter((entry) => entry.server === server)
  await waitUntil(async () => (await read()).length >= count, `fewer than ${count} lines`)
  return (await read()).map(({ text }) => text)
}

/** Writes texts to a stream, a line each, and stays. */
function printer(name: string, texts: string[], stream = 'stderr'): Launch {
  const script = `for (const text of ${JSON.stringify(texts)}) process.${stream}.write(text + '\\n'); setInterval(() => {}, 1000)`
  return launchOf(name, { digest: name, args: ['-e', script], secrets: [VALUE], warm: 1 })
}

test.each(['stderr', 'stdout'])(
  'a line of %s that is cut in a secret shows no part of it',
  async (stream) => {
    const before = [4, 5, 10, 15, 16, 17, 27].map((shown) => 'x'.repeat(LINE_BYTES - shown))
    // What is kept of an oversized line of standard error is its beginning.
    const head = stream === 'stderr' ? 4 * 1024 : LINE_BYTES
    const texts = before.map(
      (text) => `${text.slice(LINE_BYTES - head)}${VALUE}${'y'.repeat(LINE_BYTES)}`,
    )
    const name = `cut-${stream}`
    session.link.configure([printer(name, texts, stream)])

    const lines = await linesOf(name, texts.length)

    expect(lines).toEqual(before.map((text) => `${text.slice(LINE_BYTES - head)}[redacted]… (cut)`))
  },
)

test('a launch that names no secrets, as an older object sends it, is printed as it is', async () => {
  const { secrets: _, ...older } = printer('older', [VALUE])
  session.link.configure([older])

  expect(await linesOf('older', 1)).toEqual([VALUE])
})

test('a package manager that quotes a secret, in part or whole, is told without it', async () => {
  const lengths = [0, 400, 410, 415, 420, 425, 430, 435, 600]
  const launches = lengths.map((length) => {
    const args = ['--index-url', `https://${'a'.repeat(length)}/${VALUE}`, 'tool']
    return launchOf(`uv-${length}`, { command: 'uvx', digest: `${length}`, args, secrets: [VALUE] })
  })
  session.link.configure(launches)
  launches.forEach(({ name }, at) => session.link.open(at + 1, name))

  const refusals = await Promise.all(
    launches.map((_, at) => session.link.takeMeta<RefusedMeta>(FRAME.refused, at + 1)),
  )
  const details = refusals.map(({ detail = '' }) => detail)

  expect(details[0]).toMatch(
    /^installing tool failed: cannot do .*https:\/\/\/\[redacted\] -- tool$/,
  )
  expect(details.filter((detail) => detail.endsWith('[redacted]')).length).toBeGreaterThan(1)
  const told = refusals.flatMap(({ detail = '', output = [] }) => [detail, ...output])
  expect(told.length).toBe(2 * lengths.length)
  expect(told.filter((text) => text.includes(VALUE.slice(0, 4)))).toEqual([])
})
