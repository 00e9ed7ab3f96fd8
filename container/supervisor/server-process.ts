import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import { MAX_STDIN_QUEUE_BYTES } from './limits.ts'
import { Lifetime } from './lifetime.ts'
import { Output, type HeldBy } from './output.ts'
import type { LastWords, Lessee, Running } from './running.ts'
import { Silence } from './silence.ts'
import { terminate } from './terminate.ts'
import type { Grace } from './terminate.ts'
import { explain } from '../reasons/explain.ts'
import { Capture } from '../console/capture.ts'
import type { ProcessConsole } from '../console/process-console.ts'
import type { Floods, LineReader } from '../stdio/line-reader.ts'
import { LINE_END, StdinWriter } from '../stdio/stdin-writer.ts'
import type { FailedMeta, Launch, SentMeta } from '#protocol/link.ts'
import type { AskNumbers } from '#protocol/numbering/numbers.ts'
import { nameOf, Numbering } from '#protocol/numbering/numbering.ts'
import type { Asked } from '#protocol/numbering/waiting.ts'
import type { Redactor } from '#protocol/redaction.ts'

/** How long the output of a process that has exited is waited for, while it is being read. */
const DRAIN_MS = 500

/** What is asked before anything of a caller's is. */
const IS_OPENING =
  /^(?:initialize|ping|server\/discover|logging\/setLevel|[^/]+(?:\/templates)?\/list)$/

export interface ServerProcessOptions {
  child: ChildProcessWithoutNullStreams
  launch: Launch
  console: ProcessConsole
  redact: Redactor
  floods: Floods
  askNumbers: AskNumbers
  onExit: (exitCode: number | null, signal: string | null) => void
}

/** One OS child that speaks MCP over stdio: its streams, and the calls in flight. */
export class ServerProcess implements Running {
  readonly pid: number
  readonly #child: ChildProcessWithoutNullStreams
  readonly #console: ProcessConsole
  readonly #numbering: Numbering
  readonly #stdin: StdinWriter
  readonly #output: Output
  readonly #errors: LineReader
  readonly #lifetime: Lifetime
  #lessee: Lessee | undefined
  readonly #silence: Silence
  #isFinishing = false
  #hasAnswered = false
  #isUnused = true

  constructor(options: ServerProcessOptions) {
    const { child, launch, console, redact, floods, askNumbers, onExit } = options
    this.pid = child.pid ?? 0
    this.#child = child
    this.#console = console
    this.#stdin = new StdinWriter(child.stdin, MAX_STDIN_QUEUE_BYTES)
    const onRefused = (meta: FailedMeta): void => this.#lessee?.onFailed(meta)
    this.#numbering = new Numbering(askNumbers, onRefused, LINE_END)
    const { requests } = this.#numbering
    const printed = (): string[] | undefined => (requests.size > 0 ? console.texts() : undefined)
    this.#silence = new Silence(printed, (lines) => {
      const how = 'it has not answered'
      const told = { how, printed: lines, server: launch.name, isNew: true }
      const { quote = 'it printed nothing', ...why } = explain(told)
      this.#lessee?.onPrinted({ detail: quote, ...why })
    })
    this.#lifetime = new Lifetime(launch, requests, (reason) => this.#lessee?.onExpire(reason))
    const capture = new Capture({ console, redact, callId: () => requests.only?.id })
    this.#errors = capture.readStderr(child.stderr, floods)
    this.#output = new Output(child.stdout, this.#numbering, capture, floods)
    this.#reportExit(onExit)
  }

  /** From here on what the process writes goes to the lessee, with what it has written already. */
  lease(key: string, lessee: Lessee): void {
    this.#console.key = key
    this.#lessee = lessee
    this.#lifetime.start()
    this.#silence.start()
    this.#output.open({
      onMessage: (message) => {
        this.#lifetime.touch(message.meta.id)
        if (message.meta.kind === 'response') this.#heard()
        lessee.onMessage(message)
      },
      onOversize: (meta) => lessee.onOversize(meta),
      onFailed: (meta) => lessee.onFailed(meta),
    })
  }

  /** How long no call has been in flight; `undefined` for a spare and for a busy process. Milliseconds. */
  get idleMs(): number | undefined {
    return this.#lessee === undefined ? undefined : this.#lifetime.idleMs
  }

  get quietMs(): number | undefined {
    return this.#lessee === undefined ? undefined : this.#lifetime.quietMs
  }

  /** Writes one JSON-RPC message; a process that never reads its input is reported as crashed. */
  write(payload: Uint8Array, meta: SentMeta | undefined): void {
    const sent = this.#numbering.toProcess(payload, meta, performance.now())
    if (sent === undefined) return
    const { request, cancelled } = sent
    if (request !== undefined && this.#isFinishing) return this.#return(request)
    this.#isUnused &&= request === undefined || IS_OPENING.test(request.method)
    this.#lifetime.touch((request ?? cancelled)?.id)
    const onLost = request && (() => this.#lessee?.onUndelivered(nameOf(request)))
    if (!this.#stdin.write(sent.payload, onLost)) this.#lessee?.onExpire('crashed')
  }

  /** `how` it ended. `undefined` where what it printed may be about calls of several callers. */
  lastWords(how: string): LastWords | undefined {
    if (this.#numbering.isShared && !this.#isUnused) return undefined
    const { server } = this.#console
    const printed = this.#console.texts()
    const { quote, ...why } = explain({ how, printed, server, isNew: !this.#hasAnswered })
    const detail = quote === undefined ? how : `${how}: ${quote}`
    return { why: { detail, ...why }, isUnused: this.#isUnused }
  }

  #heard(): void {
    this.#hasAnswered = true
    this.#silence.stop()
  }

  /** It takes no more requests. */
  #return(request: Asked): void {
    this.#numbering.requests.take(request.number)
    this.#lessee?.onUndelivered(nameOf(request))
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
        this.#silence.stop()
        onExit(exitCode, signal)
      })
    })
  }
}
