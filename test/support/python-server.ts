/** The Python fixture, started by `uvx` from a project folder as a user would configure it. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { vi } from 'vitest'

const PROJECT = fileURLToPath(new URL('../fixtures/python-server', import.meta.url))
/** With an empty cache uv downloads the SDK and its dependencies first. */
export const PYTHON_INSTALL_MS = 180_000
const run = promisify(execFile)

/** Resolves when it is installed, with its configuration. Rejects where there is no `uvx`. */
export async function installPythonServer() {
  await requireUvx()
  // The machine's CAs, for the installation by the host program, too.
  vi.stubEnv('UV_SYSTEM_CERTS', process.env.UV_SYSTEM_CERTS ?? '1')
  const env = uvEnvironment()
  await run('uvx', ['--from', PROJECT, 'python', '-c', 'import mcp'], {
    env: { ...process.env, ...env },
    timeout: PYTHON_INSTALL_MS,
  })
  return { command: 'uvx', args: ['--from', PROJECT, 'hearth-python-fixture'], env }
}

async function requireUvx(): Promise<void> {
  try {
    await run('uvx', ['--version'])
  } catch (cause) {
    throw new Error('uvx is needed for this test: install uv, for example with `pip install uv`', {
      cause,
    })
  }
}

/** A child gets no environment but what is configured: uv's own settings. */
function uvEnvironment(): Record<string, string> {
  const own = Object.entries(process.env).filter(([name]) => name.startsWith('UV_'))
  return Object.fromEntries(own) as Record<string, string>
}
