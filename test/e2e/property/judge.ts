/** How a call may end: with its own answer, or with an error that says what happened to it. Pure. */
import type { Disturbance, Step } from './plan.ts'
import { writeStamp, type Stamp } from './stamps.ts'
import { readTool, type Message } from './wire.ts'

/** All that a call got. */
export interface End {
  answers: Message[]
  /** Its connection was lost, or was refused. */
  broken?: string
  /** The client gave it up. */
  left?: boolean
}

export interface Expectation {
  kind: Step['kind']
  /** The client gives the call up, or it runs into its deadline. */
  isAbandoned: boolean
}

/** What each may do to a call in flight: docs/failures.md, and "When something is lost" in ARCHITECTURE.md. */
const CODES: Record<Disturbance['what'], readonly string[]> = {
  process: ['server_exited', 'server_crash_loop'],
  'host program': ['server_exited', 'host_unavailable', 'server_crash_loop'],
  object: ['host_unavailable', 'server_exited'],
  workerd: ['host_unavailable', 'server_exited', 'not_ready'],
  remote: ['remote_unreachable', 'remote_failed', 'server_exited', 'server_crash_loop'],
  restart: ['host_unavailable', 'server_exited', 'shutting_down', 'not_ready'],
}
/** What waited too long after a loss: for another process, or to be told. Few do: see `property.test.ts`. */
export const LOST = 'lost'
export const OVERDUE: readonly string[] = ['call_timeout', 'server_busy', LOST]
/** These cut open responses, too. */
const CUTTING: readonly string[] = ['object', 'workerd', 'restart']

/** What is wrong with how a call ended; `undefined` when nothing is. */
export function judge(
  end: End,
  stamp: Stamp,
  { kind, isAbandoned }: Expectation,
  disturbance: Disturbance['what'] | undefined,
): string | undefined {
  const { answers, broken, left } = end
  if (answers.length > 1) return 'got several answers'
  const [answer] = answers
  if (answer === undefined) {
    if (isAbandoned || left === true) return undefined
    if (disturbance !== undefined && CUTTING.includes(disturbance)) return undefined
    return `got no answer, ${broken === undefined ? 'its stream ended' : 'its connection was lost'}`
  }
  // What a legacy server asks comes with its client's newest call. If that is given up, so is the question.
  const isGivenUp = isAbandoned || kind === 'question'
  if (answer.error !== undefined) return judgeError(answer.error, isGivenUp, disturbance)
  return judgeResult(answer, writeStamp(stamp), kind)
}

function judgeError(
  { code, data }: NonNullable<Message['error']>,
  isAbandoned: boolean,
  disturbance: Disturbance['what'] | undefined,
): string | undefined {
  const name = String(data?.code ?? code)
  if (isAbandoned && (name === 'call_cancelled' || name === 'call_timeout')) return undefined
  if (disturbance !== undefined && [...CODES[disturbance], ...OVERDUE].includes(name)) {
    return undefined
  }
  return `got the error ${name}, ${disturbance === undefined ? 'in a calm round' : `having lost: ${disturbance}`}`
}

function judgeResult(answer: Message, stamp: string, kind: Step['kind']): string | undefined {
  const text = JSON.stringify(answer.result)
  switch (kind) {
    case 'list':
      return text.includes('stamp"') ? undefined : 'got another list'
    case 'cached':
      return undefined
    case 'question': {
      const { told } = readTool(answer)
      return told === stamp ? undefined : 'was answered what it had not asked'
    }
    default:
      return text.includes(stamp) ? undefined : 'got another answer'
  }
}
