import { randomUUID } from 'node:crypto'
import type { Socket } from 'node:net'
import type { WebSocket } from 'ws'
import { ChannelList } from './channel-list.ts'
import { Failures } from './failures.ts'
import type { Log } from './log.ts'
import { CellConsole } from '../console/process-console.ts'
import { Link } from '../link/link.ts'
import { parseConfigure, parseHurry, parseOpen, parseSent } from '../link/metas.ts'
import { findEdgeId } from '../stdio/edge-id.ts'
import { EDGE_BYTES } from '../stdio/framing.ts'
import { Remotes } from '../remote/remotes.ts'
import { MAX_MESSAGE_BYTES } from '../supervisor/limits.ts'
import { startProcess } from '../supervisor/start-process.ts'
import type { ProcessStarter } from '../supervisor/start-process.ts'
import { Supervisor } from '../supervisor/supervisor.ts'
import { FRAME } from '#protocol/link/frame.ts'
import type { Whole } from '#protocol/link/assembler.ts'
import type { OriginFigures } from '#protocol/remote/figures.ts'

export interface CellOptions {
  name: string
  starter: ProcessStarter
  log: Log
  /** How long processes and frames are kept without a connection. Milliseconds. */
  keepMs: number
  /** The cell was without a connection for that long; its processes are ended by now. */
  onForgotten(): void
}

/** Everything of one server host: its link, its processes, their console. */
export class Cell {
  readonly console = new CellConsole()
  readonly #options: CellOptions
  readonly #link: Link
  readonly #supervisor: Supervisor
  readonly #remotes: Remotes
  readonly #channels = new ChannelList(() => this.#link.pendingChannels())
  readonly #failures: Failures
  #forgetTimer: NodeJS.Timeout | undefined

  constructor(options: CellOptions) {
    this.#options = options
    const { log, name } = options
    this.#link = new Link({
      instance: randomUUID(),
      channels: () => this.#channels.list(),
      onFrame: (frame) => this.#take(frame),
      maxMessageBytes: MAX_MESSAGE_BYTES,
      onPressure: (isHigh) => this.#supervisor.setPaused(isHigh),
      onHeld: (channel, isHeld) => this.#supervisor.setHeld(channel, isHeld),
      onConnected: (isConnected) => this.#watch(isConnected),
      onFault: (error) => log('warn', 'link_fault', { cell: name, error: describeFault(error) }),
    })
    this.#remotes = new Remotes(log, options.starter.askNumbers)
    this.#failures = new Failures(
      (meta) => this.#send(FRAME.startFailed, 0, meta),
      (level, facts) => log(level, 'server_start_failed', { cell: name, ...facts }),
    )
    this.#supervisor = this.#createSupervisor(options)
    this.#watch(false)
  }

  /** How requests to remote servers went, by origin. */
  origins(): OriginFigures[] {
    return this.#remotes.figures()
  }

  attach(socket: WebSocket, tcp: Socket): void {
    this.#link.attach(socket, tcp)
  }

  /** Tells the object, and starts nothing more. Resolves when the object has every answer that was waited for. */
  async drain(): Promise<void> {
    this.#link.drain()
    await this.#supervisor.drain()
    await this.#link.settled()
  }

  /** Ends every process, then the connection. Never rejects. */
  async shutDown(): Promise<void> {
    clearTimeout(this.#forgetTimer)
    await this.#supervisor.shutDown()
    await this.#remotes.shutDown()
    await this.#link.close('shutting down')
  }

  #createSupervisor({ starter, log, name }: CellOptions): Supervisor {
    return new Supervisor(
      {
        memory: starter.memory,
        warmth: starter.warmth,
        onUrgency: () => {
          starter.installs.settle()
          starter.turns.settle()
        },
        start: (launch, watch, onExit) =>
          launch.remote === undefined
            ? startProcess(starter, { launch, console: this.console, watch, onExit })
            : this.#remotes.start(this.console, launch, onExit),
      },
      {
        onLaunch: (meta) => this.#send(FRAME.launch, 0, meta),
        onOpened: (channel, meta) => this.#send(FRAME.opened, channel, meta),
        onRefused: (channel, meta) => this.#end(FRAME.refused, channel, meta),
        onExit: (channel, meta, server) => {
          const { exitCode, signal, reason } = meta
          // What it printed may be about a call. A start that failed is told of already.
          const level = this.#failures.isFailing(server) ? 'debug' : 'warn'
          if (reason === 'crashed')
            log(level, 'process_crashed', { cell: name, server, exitCode, signal })
          this.#end(FRAME.exit, channel, meta)
        },
        onPrinted: (channel, why) => this.#send(FRAME.printed, channel, why),
        onFailing: (launch, why) => this.#failures.note(launch, why),
        onOversize: (channel, meta) => this.#send(FRAME.oversize, channel, meta),
        onUndelivered: (channel, meta) => this.#send(FRAME.undelivered, channel, meta),
        onFailed: (channel, meta) => this.#send(FRAME.failed, channel, meta),
        onMessage: (channel, { meta, payload }) => {
          if (meta.kind === 'response') this.#channels.noteAnswer(channel)
          this.#link.send({ type: FRAME.message, channel, meta, payload })
        },
      },
    )
  }

  #take(frame: Whole): void {
    const { type, channel } = frame
    if (type === FRAME.message) return this.#takeMessage(frame)
    if (type === FRAME.configure) {
      const { launches, remotes = [] } = parseConfigure(frame.meta)
      // Before the states of launches: an object that knows those knows why some of them fail.
      this.#failures.configure([...launches, ...remotes])
      this.#supervisor.configure([...launches, ...remotes])
      return this.#remotes.retain(remotes)
    }
    if (type === FRAME.close) return this.#supervisor.close(channel)
    if (type === FRAME.hurry) {
      return this.#supervisor.hurry(channel, parseHurry(frame.meta))
    }
    if (type !== FRAME.open) return
    const open = parseOpen(frame.meta)
    const { key, server } = open
    this.#channels.add({ channel, key, server, digest: this.#supervisor.digestOf(server) ?? '' })
    this.#supervisor.open(channel, open)
  }

  #takeMessage({ channel, payload, meta, tail }: Whole): void {
    const sent = parseSent(meta)
    if (tail === undefined) return this.#supervisor.write(channel, payload, sent)
    const id = findEdgeId(payload.subarray(0, EDGE_BYTES), tail.subarray(-EDGE_BYTES))
    const maxBytes = MAX_MESSAGE_BYTES
    this.#send(FRAME.oversize, channel, { ...sent, ...(id !== undefined && { id }), maxBytes })
  }

  #send(type: number, channel: number, meta: unknown): void {
    this.#link.send({ type, channel, meta })
  }

  #end(type: number, channel: number, meta: unknown): void {
    this.#link.drop(channel)
    this.#send(type, channel, meta)
    this.#channels.end(channel)
  }

  #watch(isConnected: boolean): void {
    clearTimeout(this.#forgetTimer)
    if (isConnected) return
    this.#forgetTimer = setTimeout(() => void this.#forget(), this.#options.keepMs)
    this.#forgetTimer.unref()
  }

  async #forget(): Promise<void> {
    await this.shutDown()
    this.#options.onForgotten()
  }
}

/** Our own errors tell numbers. Those of a parser quote what they could not read. */
function describeFault(error: unknown): string {
  const isOwn = error instanceof RangeError || error instanceof TypeError
  return isOwn ? String(error) : error instanceof Error ? error.name : 'not an error'
}
