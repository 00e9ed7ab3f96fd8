import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { resolveBin } from './bins.ts'
import { bearer, modernURL, readText } from './client.ts'
import type { Target, TestClient } from './client.ts'

const INSPECTOR = resolveBin('@modelcontextprotocol/inspector', 'mcp-inspector')
const CALL_TIMEOUT_MS = 30_000
const run = promisify(execFile)

/** The inspector's CLI: one process, and in the legacy era one session, for each call. */
export function inspectorCLI(era: 'legacy' | 'modern'): TestClient {
  return {
    name: `the inspector's CLI (${era})`,
    async connect(target) {
      const home = await mkdtemp(path.join(tmpdir(), 'hearth-inspector-'))
      return {
        async callTool(name, args) {
          const { stdout } = await run(process.execPath, toArgs(target, era, name, args), {
            env: { ...process.env, HOME: home },
            timeout: CALL_TIMEOUT_MS,
          })
          return readText((JSON.parse(stdout) as { result: unknown }).result)
        },
        close: () => rm(home, { recursive: true, force: true }),
      }
    },
  }
}

function toArgs(target: Target, era: string, name: string, args: Record<string, unknown>) {
  const options = {
    transport: 'http',
    'protocol-era': era,
    format: 'json',
    header: `Authorization: ${bearer(target).Authorization}`,
    method: 'tools/call',
    'tool-name': name,
    'tool-args-json': JSON.stringify(args),
  }
  const pairs = Object.entries(options).flatMap(([key, value]) => [`--${key}`, value])
  const url = era === 'modern' ? modernURL(target.url) : target.url
  return [INSPECTOR, '--cli', url, ...pairs, '-q', '--stored-auth-only']
}
