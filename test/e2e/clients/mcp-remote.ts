import { spawn } from 'node:child_process'
import type { ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { resolveBin } from './bins.ts'
import { bearer, readText } from './client.ts'
import type { Connection, Target, TestClient } from './client.ts'

const MCP_REMOTE = resolveBin('mcp-remote', 'mcp-remote')
const ANSWER_TIMEOUT_MS = 30_000

/** mcp-remote, with a desktop client's part played by hand: newline-delimited JSON on stdin. */
export const MCP_REMOTE_STDIO = mcpRemote('http-only')

export function mcpRemote(transport: 'http-only' | 'sse-only'): TestClient {
  return { name: `mcp-remote (${transport})`, connect: (target) => connect(target, transport) }
}

async function connect(target: Target, transport: string): Promise<Connection> {
  const folder = await mkdtemp(path.join(tmpdir(), 'hearth-mcp-remote-'))
  const header = `Authorization: ${bearer(target).Authorization}`
  const args = [target.url, '--allow-http', '--transport', transport, '--header', header]
  const child = spawn(process.execPath, [MCP_REMOTE, ...args], {
    env: { ...process.env, MCP_REMOTE_CONFIG_DIR: folder },
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  const ask = createAsker(child)
  await ask('initialize', {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'e2e-stdio', version: '1.0.0' },
  })
  child.stdin.write('{"jsonrpc":"2.0","method":"notifications/initialized"}\n')
  return {
    callTool: async (name, args) => readText(await ask('tools/call', { name, arguments: args })),
    async close() {
      const exited = once(child, 'exit')
      child.kill('SIGTERM')
      await exited
      await rm(folder, { recursive: true, force: true })
    },
  }
}

type Pipes = ChildProcessByStdio<Writable, Readable, null>

interface Answer {
  id?: number
  result?: unknown
  error?: { message: string }
}

/** Sends requests and resolves each with the result that bears its id. */
function createAsker(child: Pipes) {
  const waiting = new Map<number, (answer: Answer) => void>()
  createInterface({ input: child.stdout }).on('line', (line) => {
    const answer = JSON.parse(line) as Answer
    if (answer.id !== undefined) waiting.get(answer.id)?.(answer)
  })
  let lastId = 0
  return async (method: string, params: object): Promise<unknown> => {
    const id = ++lastId
    const { promise, resolve, reject } = Promise.withResolvers<Answer>()
    const late = () => reject(new Error(`mcp-remote did not answer ${method}`))
    const deadline = setTimeout(late, ANSWER_TIMEOUT_MS)
    waiting.set(id, resolve)
    child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`)
    try {
      const { error, result } = await promise
      if (error) throw new Error(error.message)
      return result
    } finally {
      clearTimeout(deadline)
      waiting.delete(id)
    }
  }
}
