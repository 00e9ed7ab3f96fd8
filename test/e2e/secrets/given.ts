/** What a server says that it was given: see test/fixtures/servers/telling/secrets.mjs. */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readTool, type Answer } from '#test/support/http-client.ts'
import { waitUntil } from '#test/support/processes.ts'

export interface Given {
  pid: number
  env: Record<string, string>
  args: string[]
}

export const readGiven = (answer: Answer): Given => readTool<Given>(answer)
export const hash = (text: string): string => createHash('sha256').update(text).digest('hex')

/** Until its last thread is gone a dying process still has its pipes: what is written then is lost. */
export async function kill(pid: number): Promise<void> {
  process.kill(pid, 'SIGKILL')
  await waitUntil(() => !existsSync(`/proc/${pid}`), 'a killed process lives')
}

/** How a value could stand in a log. */
export function formsOf(value: string): string[] {
  const bytes = Buffer.from(value)
  const basic = Buffer.from(`user:${value}`).toString('base64')
  return [
    value,
    JSON.stringify(value).slice(1, -1),
    encodeURIComponent(value),
    bytes.toString('base64url'),
    bytes.toString('hex'),
    // Without what stands before the value, and without the last characters, which are incomplete.
    basic.slice(8, -4),
  ]
}
