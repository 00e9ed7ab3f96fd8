/**
 * Servers that do not start, as a person is told of them: at the first failure, and again only when
 * the reason is another one.
 */
import { BoundedMap } from '#protocol/bounded-map.ts'
import { z } from 'zod'
import type { Log } from './log.ts'
import { parseLine } from './parse-line.ts'
import { toPlain } from './table.ts'

/** Names that are remembered; with more the oldest is told again. */
const MAX_KNOWN = 1_024

/** A line of the worker or the host program. */
const Line = z.looseObject({
  event: z.literal('server_start_failed'),
  server: z.string(),
  tenant: z.string().optional(),
  error: z.string().default('it is not known why'),
  output: z.array(z.string()).default([]),
  hint: z.string().optional(),
})

export interface StartFailure {
  server: string
  error: string
  output?: readonly string[] | undefined
  hint?: string | undefined
}

export class StartFailures {
  readonly #log: Log
  /** What was told last, by server. */
  readonly #known = new BoundedMap<string, string>(MAX_KNOWN)

  constructor(log: Log) {
    this.#log = log
  }

  /** Whether the line says that a server does not start: then it is told in words of ours. */
  hear(text: string): boolean {
    if (!text.includes('"server_start_failed"')) return false
    const line = Line.safeParse(parseLine(text))
    if (!line.success) return false
    // Of a personal server: whose it is, is nothing to a person.
    this.tell({ ...line.data, server: line.data.server.replace(/~.*$/, '') })
    return true
  }

  tell(failure: StartFailure): void {
    const { server, error, hint } = failure
    // The same failure is found in several places, which begin with words of their own.
    const reason = hint ?? error.replace(/^The server [^:]*: /, '').replace(/\d+/g, '#')
    if (this.#known.get(server) === reason) return
    this.#known.set(server, reason)
    this.#log.write('warn', toText(failure))
  }
}

/** Nothing in it is obeyed by a terminal: `Log.write` sees to that. */
export function toText({ server, error, output = [], hint }: StartFailure): string {
  const reason = error.replace(/^The server could not be started: /, '').replace(/^The /, 'the ')
  const end = /[.!?]$/.test(reason) ? '' : '.'
  const why = hint === undefined ? reason : `${reason}${end} ${hint}`
  const lines = output.map((line) => `    ${toPlain(line)}`)
  const printed = lines.length === 0 ? [] : ['  it printed last:', ...lines]
  return [`server ${JSON.stringify(server)} does not start: ${toPlain(why)}`, ...printed].join('\n')
}
