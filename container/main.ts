/** The host program: supervises stdio servers and speaks to the server hosts that dial it. */
import { Cells } from './host/cells.ts'
import { createLog } from './host/log.ts'
import { createHostServer } from './host/server.ts'
import { parseSettings } from './host/settings.ts'
import { takeToken } from './host/token.ts'
import { CommandResolver } from './resolve/command.ts'
import { Floods } from './stdio/line-reader.ts'
import { Memory } from './supervisor/memory.ts'
import { startReaper } from './supervisor/reaper.ts'
import { Turns } from './supervisor/start-queue.ts'
import { Warmth } from './supervisor/warmth.ts'
import { AskNumbers } from '#protocol/numbering/numbers.ts'

/** All processes are gone by then, or are left to the reaper. */
const SHUTDOWN_DEADLINE_MS = 8_000

const settings = readSettings()
const log = createLog(settings.logLevel)
if (settings.umask !== undefined) process.umask(settings.umask)
const reaper = startReaper()
const areSeveral = (): boolean => cells.size > 1
const installs = new Turns(areSeveral)
const cells: Cells = new Cells({
  starter: {
    resolver: new CommandResolver({ ...settings, turns: installs, log }),
    reaper,
    baseEnv: settings.baseEnv,
    floods: new Floods(),
    turns: new Turns(areSeveral),
    installs,
    askNumbers: new AskNumbers(Math.random()),
    user: settings.serverUser,
    memory: new Memory(log),
    warmth: new Warmth({
      budgetBytes: settings.warmBytes,
      isContainer: settings.cell !== undefined,
    }),
    log,
  },
  log,
  keepMs: settings.keepMs,
  only: settings.cell,
})

function readSettings(): ReturnType<typeof parseSettings> {
  try {
    return parseSettings(process.env)
  } catch (error) {
    process.stderr.write(`${String(error)}\n`)
    process.exit(1)
  }
}

let isDraining = false
/** Lets requests in flight be answered. A second signal, or the deadline, ends it at once. */
async function drain(): Promise<void> {
  if (isDraining || settings.drainMs === 0) return shutDown()
  isDraining = true
  log('info', 'draining', { forAtMostMs: settings.drainMs })
  setTimeout(() => void shutDown(), settings.drainMs).unref()
  await cells.drain()
  await shutDown()
}

let isShuttingDown = false
async function shutDown(): Promise<void> {
  if (isShuttingDown) return
  isShuttingDown = true
  setTimeout(() => process.exit(1), SHUTDOWN_DEADLINE_MS).unref()
  server?.close()
  await cells.shutDown()
  reaper.close()
  process.exit(0)
}

function listen(token: string): ReturnType<typeof createHostServer> {
  const server = createHostServer({ cells, token })
  server.on('error', (error) => {
    log('error', 'listen_failed', { error: error.message })
    process.exit(1)
  })
  server.listen(settings.port, settings.host, () => {
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : settings.port
    process.stdout.write(`${JSON.stringify({ event: 'listening', port, pid: process.pid })}\n`)
  })
  return server
}

let server: ReturnType<typeof createHostServer> | undefined
process.on('SIGTERM', () => void drain())
process.on('SIGINT', () => void shutDown())
if (settings.endsWithParent) {
  process.stdin.on('end', () => void shutDown())
  process.stdin.on('error', () => void shutDown())
}
void takeToken(settings).then((token) => {
  if (!isShuttingDown) server = listen(token)
})
