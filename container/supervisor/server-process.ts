import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import { MAX_STDIN_QUEUE_BYTES } from './limits.ts'
import { Lifetime } from './lifetime.ts'
import { Output, type HeldBy } from './output.ts'
import type { Lessee, OnExit, Running } from './running.ts'
import { terminate } from './terminate.ts'
import type { Grace } from './terminate.ts'
import { Capture } from '../console/capture.ts'
import type { ProcessConsole } from '../console/process-console.ts'
import { readMessage } from '../stdio/envelope.ts'
import { InFlight } from '../stdio/in-flight.ts'
import type { Floods, LineReader } from '../stdio/line-reader.ts'
import { StdinWriter } from '../stdio/stdin-writer.ts'
import type { RequestId } from '#protocol/json-rpc.ts'
import type { Launch } from '#protocol/link.ts'
import type { Redactor } from '#protocol/redaction.ts'

/** How long the output of a process that has exited is waited for, while it is being read. */
const DRAIN_MS = 500

export interface ServerProcessOptions {
  child: ChildProcessWithoutNullStreams
  launch: Launch
  console: ProcessConsole
  redact: Redactor
  floods: Floods
  onExit: OnExit
}

/** One OS child that speaks MCP over stdio: its streams, and the calls in flight. */
export class ServerProcess implements Running {
  readonly pid: number
  readonly #child: ChildProcessWithoutNullStreams
  readonly #console: ProcessConsole
  readonly #inFlight = new InFlight()
  readonly #stdin: StdinWriter
  readonly #output: Output
  readonly #errors: LineReader
  readonly #lifetime: Lifetime
  #lessee: Lessee | undefined
  #isFinishing = false

  constructor({ child, launch, console, redact, floods, onExit }: ServerProcessOptions) {
    this.pid = child.pid ?? 0
    this.#child = child
    this.#console = console
    this.#stdin = new StdinWriter(child.stdin, MAX_STDIN_QUEUE_BYTES)
    this.#lifetime = new Lifetime(launch, this.#inFlight, (reason) =>
      this.#lessee?.onExpire(reason),
    )
    const capture = new Capture({ console, redact, callId: () => this.#inFlight.only })
    this.#errors = capture.readStderr(child.stderr, floods)
    this.#output = new Output(child.stdout, this.#inFlight, capture, floods)
    this.#reportExit(onExit)
  }

  /** From here on what the process writes goes to the lessee, with what it has written already. */
  lease(key: string, lessee: Lessee): void {
    this.#console.key = key
    this.#lessee = lessee
    this.#lifetime.start()
    this.#output.open({
      onMessage: (message) => {
        this.#lifetime.touch(message.meta.id)
        lessee.onMessage(message)
      },
      onOversize: (meta) => lessee.onOversize(meta),
    })
  }

  /** How long no call has been in flight; `undefined` for a spare and for a busy process. Milliseconds. */
  get idleMs(): number | undefined {
    return this.#lessee === undefined ? undefined : this.#lifetime.idleMs
  }

  /** Writes one JSON-RPC message; a process that never reads its input is reported as crashed. */
  write(payload: Uint8Array): void {
    const message = readMessage(payload)
    const now = performance.now()
    const request = message?.envelope.kind === 'request' ? message.envelope : undefined
    if (request !== undefined && !this.#begin(request, now)) return
    const id = request?.id
    if (message?.cancels !== undefined) this.#inFlight.end(message.cancels, now)
    this.#lifetime.touch(id ?? message?.cancels)
    const onLost = id === undefined ? undefined : () => this.#lessee?.onUndelivered({ id })
    if (!this.#stdin.write(payload, onLost)) this.#lessee?.onExpire('crashed')
  }

  /** False when it takes no more requests. */
  #begin({ id, method }: { id: RequestId; method: string }, now: number): boolean {
    if (this.#isFinishing) this.#lessee?.onUndelivered({ id })
    else this.#inFlight.begin(id, now, method)
    return !this.#isFinishing
  }

  finish(): void {
    this.#isFinishing = true
    this.#lifetime.finish()
  }

  hold(by: HeldBy, isHeld: boolean): void {
    this.#output.hold(by, isHeld)
  }

  end(grace: Grace): Promise<void> {
    return terminate(this.#child, grace)
  }

  /** Standard output may hold the last answers when the process is gone already. */
  #reportExit(onExit: ServerProcessOptions['onExit']): void {
    const child = this.#child
    child.once('exit', () => {
      this.#output.finish()
      this.#errors.finish()
      const drain = (): void => {
        if (this.#output.isHeld) return void timer.refresh()
        child.stdout.destroy()
        child.stderr.destroy()
      }
      const timer = setTimeout(drain, DRAIN_MS)
      child.once('close', (exitCode, signal) => {
        clearTimeout(timer)
        this.#lifetime.stop()
        onExit(exitCode, signal)
      })
    })
  }
}
