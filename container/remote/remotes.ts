/**
 * The remote servers of one cell. What reaches them is loaded when the first is started: it would
 * delay every start of the host program.
 */
import type { CellConsole } from '../console/process-console.ts'
import type { Log } from '../host/log.ts'
import type { OnExit, Running } from '../supervisor/running.ts'
import type { Pools } from './pools.ts'
import type { RemoteLaunch } from '#protocol/link.ts'
import type { AskNumbers } from '#protocol/numbering/numbers.ts'
import type { OriginFigures } from '#protocol/remote/figures.ts'

export class Remotes {
  readonly #log: Log
  readonly #askNumbers: AskNumbers
  #loading: Promise<Pools> | undefined
  #pools: Pools | undefined

  constructor(log: Log, askNumbers: AskNumbers) {
    this.#log = log
    this.#askNumbers = askNumbers
  }

  /** Begins a session. Rejects with `StartError`. */
  async start(console: CellConsole, launch: RemoteLaunch, onExit: OnExit): Promise<Running> {
    this.#loading ??= this.#load()
    const [pools, { startRemote }] = await Promise.all([this.#loading, import('./start-remote.ts')])
    const starter = { pools, log: this.#log, askNumbers: this.#askNumbers }
    return startRemote(starter, console, launch, onExit)
  }

  /** Closes connections that only other launches had. */
  retain(launches: readonly RemoteLaunch[]): void {
    this.#pools?.retain(launches)
  }

  figures(): OriginFigures[] {
    return this.#pools?.figures() ?? []
  }

  /** Ends every connection. Never rejects. */
  async shutDown(): Promise<void> {
    await this.#pools?.shutDown()
  }

  async #load(): Promise<Pools> {
    const { Pools } = await import('./pools.ts')
    this.#pools = new Pools()
    return this.#pools
  }
}
