/** A server that runs what it is told, for what only a program inside the container can see or do. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readText } from '#test/e2e/clients/client.ts'
import type { Session } from '#test/e2e/clients/session.ts'

const FIXTURE = join(import.meta.dirname, 'fixtures/runs-what-it-is-told.mjs')

/** The fixture travels in the configuration: the image has nothing of the tests. */
export async function toldServer(): Promise<{ command: string; args: string[] }> {
  const source = await readFile(FIXTURE, 'utf8')
  return { command: 'node', args: ['--input-type=module', '--eval', source] }
}

/** What the body of a function returns there. */
export async function run<T>({ client }: Session, source: string): Promise<T> {
  const result = await client.callTool({ name: 'run', arguments: { source } })
  return JSON.parse(readText(result)) as T
}
