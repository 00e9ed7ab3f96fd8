/**
 * Set up before each file whose process goes on to run others: it leaves that process as it was.
 * Variables are set with `vi.stubEnv`, and go back by themselves.
 */
import { afterAll, expect, vi } from 'vitest'

const environment = { ...process.env }
const folder = process.cwd()

afterAll(() => {
  vi.unstubAllEnvs()
  expect(vi.isFakeTimers(), 'the clock is a fake still').toBe(false)
  expect(changedVariables(), 'variables of the environment').toEqual([])
  expect(process.cwd()).toBe(folder)
})

/** Names alone: a value may be a secret. */
function changedVariables(): string[] {
  const names = Object.keys({ ...environment, ...process.env })
  return names.filter((name) => environment[name] !== process.env[name])
}
