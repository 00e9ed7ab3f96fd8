/** The host program as a child of ours: started again on the same port whenever it dies. */
import { randomBytes } from 'node:crypto'
import { startHost, type LivingHost } from './host-birth.ts'
import { KeptProcess } from './kept-process.ts'

export interface HostProcessOptions {
  /** Its file. */
  program: string
  environment: Record<string, string>
  onLine: (level: string, text: string) => void
}

/** It ends its own children within about 5 s. */
const STOP_MS = 8_000

export class HostProcess {
  /** What it asks of whoever dials it, in all its lives. */
  readonly token: string
  readonly #process: KeptProcess<LivingHost>

  static async start(options: HostProcessOptions): Promise<HostProcess> {
    const token = randomBytes(32).toString('hex')
    const process = await KeptProcess.start<LivingHost>({
      name: 'the host program',
      onLine: options.onLine,
      start: (signal, former) => startHost({ ...options, token, port: former?.port ?? 0, signal }),
    })
    return new HostProcess(process, token)
  }

  private constructor(process: KeptProcess<LivingHost>, token: string) {
    this.token = token
    this.#process = process
  }

  get pid(): number {
    return this.#process.life.pid
  }

  get port(): number {
    return this.#process.life.port
  }

  /** Kills the host program as a crash would; resolves when its next life listens. */
  crash(): Promise<void> {
    return this.#process.crash()
  }

  /** SIGTERM, which ends its children as well; SIGKILL after `STOP_MS`. */
  stop(): Promise<void> {
    return this.#process.stop(STOP_MS)
  }
}
