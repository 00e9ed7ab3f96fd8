/** `kill -9` of the process behind a session, and what the client sees of it. */
import { setTimeout as delay } from 'node:timers/promises'
import { callEcho } from './load.ts'
import type { RunningPeer, Session } from './peers/peer.ts'
import { CallFailed } from './peers/peer.ts'
import { processTree } from './process-tree.ts'
import type { Recovery } from './results.ts'

const GIVE_UP_MS = 10_000
const RETRY_MS = 5

/** Needs the `pid` tool of the echo fixture. */
export async function killAndRecover(peer: RunningPeer): Promise<Recovery> {
  const opened = await peer.openSession()
  await kill(await pidBehind(opened))
  const killedAt = performance.now()
  let session: Session | undefined = opened
  let failedCalls = 0
  let clientAction = false
  while (performance.now() - killedAt < GIVE_UP_MS) {
    try {
      if (session === undefined) clientAction = true
      session ??= await peer.openSession()
      await callEcho(session, 'after the kill')
      const recoveredMs = performance.now() - killedAt
      await session.close()
      return { recoveredMs, failedCalls, clientAction }
    } catch (error) {
      failedCalls += 1
      if (isSessionLost(error)) session = undefined
      await delay(RETRY_MS)
    }
  }
  return { recoveredMs: null, failedCalls, clientAction }
}

/** 404 tells a client to send `initialize` again (Streamable HTTP, Session Management). */
function isSessionLost(error: unknown): boolean {
  return error instanceof CallFailed && error.status === 404
}

async function pidBehind(session: Session): Promise<number> {
  const result = await session.request('tools/call', { name: 'pid', arguments: {} })
  const [content] = result.content as { text: string }[]
  const pid = Number(content?.text)
  if (!Number.isInteger(pid)) throw new Error(`no process id: ${JSON.stringify(result)}`)
  return pid
}

/** Resolves when the kernel has ended the process; the peer may not have noticed yet. */
async function kill(pid: number): Promise<void> {
  process.kill(pid, 'SIGKILL')
  while (processTree([pid]).length > 0) await delay(1)
}
