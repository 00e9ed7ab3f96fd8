/**
 * A call that several servers may answer: a `ClientCall` at one after the other, until one of them
 * answers or what failed must not be tried again. To its client it is one call, with one outcome and one
 * line in the log.
 */
import type { CallLog } from '#protocol/call-log.ts'
import { GatewayError } from '#protocol/errors.ts'
import type { HostCall } from '#protocol/host-call.ts'
import { setValue } from '#protocol/json-splice.ts'
import { NAMED_PARAM, REPEATABLE_METHODS } from '#protocol/mcp.ts'
import { within } from '#protocol/within.ts'
import type { ClientCall } from '../call/client-call.ts'
import { toCallLog } from '../call/to-call-log.ts'
import type { LineLog } from '../call/line-log.ts'
import type { Attempt } from '../call/open-call.ts'
import type { AnsweringReply } from '../call/reply.ts'
import { mayFailOver } from './fail-over.ts'

type Outcome = CallLog['outcome']
export type HostCandidate = NonNullable<NonNullable<HostCall['route']>['candidates']>[number]

/** A try that runs. */
export interface Running {
  call: ClientCall
  /** Whether it may run once more though a process has seen it. */
  mayRepeat: () => Promise<boolean>
  /** The client is gone. */
  abandon: () => void
}

export interface RoutedCallOptions {
  host: HostCall
  body: Uint8Array
  /** In the order in which they are tried. */
  candidates: readonly HostCandidate[]
  /** `Date.now()` by which one of them must have answered. */
  deadline: number
  log: LineLog | undefined
  /** Makes the call at one server. Throws while there is no `ClientCall`; else that settles it. */
  begin: (attempt: Attempt) => Promise<Running>
  onAnswer: (server: string, payload: Uint8Array) => void
}

export class RoutedCall {
  readonly #options: RoutedCallOptions
  readonly #left: HostCandidate[]
  readonly #reply: AnsweringReply
  #host: HostCall
  #running: Running | undefined
  /** Of the tries; what an earlier one still says does not count. */
  #number = 0
  #hasSpoken = false
  #isOver = false
  #processMs: number | undefined

  /** `reply`: what the client gets. */
  constructor(options: RoutedCallOptions, reply: AnsweringReply) {
    this.#options = options
    this.#left = [...options.candidates]
    this.#host = options.host
    this.#reply = reply
  }

  run(): void {
    this.#next(new GatewayError('server_not_found'))
  }

  /** The client gave up. */
  abandon(): void {
    if (this.#isOver) return
    const running = this.#running
    if (running !== undefined) return running.abandon()
    this.#end('cancelled', () => this.#reply.abandon())
  }

  #next(cause: GatewayError): void {
    const candidate = this.#left.shift()
    const timeoutMs = this.#options.deadline - Date.now()
    if (candidate === undefined || timeoutMs <= 0) return this.#fail(cause)
    const number = ++this.#number
    this.#running = undefined
    this.#host = toHost(this.#options.host, candidate)
    const body = toBody(this.#options, candidate)
    const attempt: Attempt = {
      ...{ host: this.#host, body, timeoutMs, reply: this.#replyOf(number) },
      onSettled: (processMs) => {
        this.#processMs = processMs
      },
    }
    this.#options.begin(attempt).then(
      (running) => {
        if (this.#isOver || number !== this.#number) return
        this.#running = running
      },
      (error: unknown) => this.#lose(number, GatewayError.from(error)),
    )
  }

  /** What a try says goes to the client, but for a failure that another server may make good. */
  #replyOf(number: number): AnsweringReply {
    const reply = this.#reply
    const isCurrent = (): boolean => number === this.#number && !this.#isOver
    return {
      response: reply.response,
      answer: (payload, outcome, status) => {
        if (!isCurrent()) return
        this.#options.onAnswer(this.#host.server, payload)
        this.#end(outcome, () => reply.answer(payload, outcome, status))
      },
      event: (payload) => {
        if (!isCurrent()) return
        this.#hasSpoken = true
        reply.event(payload)
      },
      fail: (error) => this.#lose(number, error),
      abandon: () => {
        if (isCurrent()) this.#end('cancelled', () => reply.abandon())
      },
    }
  }

  #lose(number: number, error: GatewayError): void {
    if (number !== this.#number || this.#isOver) return
    const undelivered = this.#running?.call.undelivered === true
    const may = mayFailOver(error, { undelivered, hasSpoken: this.#hasSpoken })
    if (may === 'no' || this.#left.length === 0) return this.#fail(error)
    if (may === 'yes') return this.#next(error)
    this.#isRepeatable().then(
      (isSafe) => (isSafe ? this.#next(error) : this.#fail(error)),
      () => this.#fail(error),
    )
  }

  /** Asks no longer than the call has time. */
  async #isRepeatable(): Promise<boolean> {
    const { host, deadline } = this.#options
    const method = host.envelope?.kind === 'request' ? host.envelope.method : ''
    if (REPEATABLE_METHODS.has(method)) return true
    const running = this.#running
    if (running === undefined) return false
    return within(running.mayRepeat(), Math.max(0, deadline - Date.now()), () => false)
  }

  #fail(error: GatewayError): void {
    this.#end(error.code, () => this.#reply.fail(error))
  }

  #end(outcome: Outcome, settle: () => void): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#options.log?.write(toCallLog(this.#host, outcome, this.#processMs))
    settle()
  }
}

function toHost(host: HostCall, { server, name }: HostCandidate): HostCall {
  const { candidates: _, ...route } = host.route ?? { name: '' }
  return { ...host, server, route, ...(name !== undefined && { target: name }) }
}

/** Under the candidate's own name for what is called. */
function toBody({ host, body }: Pick<RoutedCallOptions, 'host' | 'body'>, { name }: HostCandidate) {
  if (name === undefined) return body
  const method = host.envelope?.kind === 'request' ? host.envelope.method : ''
  const member = Object.hasOwn(NAMED_PARAM, method) ? NAMED_PARAM[method] : undefined
  return member === undefined ? body : setValue(body, ['params', member], JSON.stringify(name))
}
