/** What is done, in which order: follows from the seed alone. Pure. */
import { createRandom } from '#test/support/random.ts'
import {
  CALLERS,
  SERVERS,
  TENANTS,
  type Caller,
  type ServerName,
  type TenantName,
} from './callers.ts'

const KINDS = [
  'answer',
  'progress',
  'log',
  'late',
  'question',
  'cancel',
  'timeout',
  'resume',
  'update',
  'change',
  'cached',
  'read',
  'list',
] as const
/** `reuse`: what follows a call that was given up, with its id. */
export type Kind = (typeof KINDS)[number] | 'reuse'

export interface Step {
  number: number
  caller: Caller
  server: ServerName
  kind: Kind
  /** The JSON-RPC id: nearly always that of everyone else, and of the caller's own other calls. */
  id: string | number
  /** How long the server takes. */
  ms: number
}

const DISTURBANCES = ['process', 'host program', 'object', 'workerd', 'remote', 'restart'] as const

export interface Disturbance {
  what: (typeof DISTURBANCES)[number]
  /** It strikes when this step of the round begins. */
  at: number
  tenant: TenantName
  /** From 0 to 1: which processes. */
  which: number[]
}

export interface Round {
  number: number
  steps: Step[]
  disturbance: Disturbance | undefined
}

const STEPS_OF_A_ROUND = 250
/** A step that runs into its deadline holds its round up, so only some rounds have any. */
const ROUNDS_PER_TIMEOUTS = 20
const TIMEOUTS_OF_A_ROUND = 12
const IDS = [1, 1, 1, 1, 1, '1', 0, 2, 'a'] as const
const FIRST_OWN_ID = 1_000
const MAX_MS = 30
/** Of the processes, at once. */
const MOST_KILLED = 3

export function plan(seed: number, steps: number): Round[] {
  const random = createRandom(seed)
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T
  let number = 0

  const planStep = (kinds: readonly Kind[]): Step => {
    const caller = pick(CALLERS)
    const server = caller.endpoint === 'catalog' ? pick(SERVERS) : caller.endpoint
    const possible = kinds.filter((kind) => isPossible(kind, caller, server))
    const kind = possible.length === 0 ? 'answer' : pick(possible)
    const ms = random() < 0.5 ? 0 : Math.floor(random() * MAX_MS)
    number += 1
    // A cancellation names an id: of two calls with one id it could mean either.
    const id = kind === 'cancel' ? FIRST_OWN_ID + number : pick(IDS)
    return { number, caller, server, kind, id, ms }
  }
  const planRound = (_: unknown, round: number): Round => {
    const quick = KINDS.filter((kind) => kind !== 'timeout')
    const hasTimeouts = round % ROUNDS_PER_TIMEOUTS === 1
    const size = Math.min(STEPS_OF_A_ROUND, steps - number)
    return {
      number: round,
      steps: Array.from({ length: size }, (__, n) => {
        return planStep(hasTimeouts && n < TIMEOUTS_OF_A_ROUND ? ['timeout'] : quick)
      }),
      // Every other round is calm: what is wrong there has no excuse.
      disturbance:
        round % 2 === 0
          ? undefined
          : {
              what: DISTURBANCES[((round - 1) / 2) % DISTURBANCES.length] ?? 'process',
              at: Math.floor(random() * size),
              tenant: pick(TENANTS),
              which: Array.from({ length: MOST_KILLED }, random),
            },
    }
  }
  return Array.from({ length: Math.ceil(steps / STEPS_OF_A_ROUND) }, planRound)
}

/** Those with the transformer, as `world.ts` configures them. */
const CACHING: readonly ServerName[] = ['shared', 'personal', 'modern']

function isPossible(kind: Kind, { road }: Caller, server: ServerName): boolean {
  switch (kind) {
    // A shared legacy server is told of no client that could be asked.
    case 'question':
      return server !== 'shared'
    // Streams of the other transports cannot be resumed.
    case 'resume':
      return road === 'legacy'
    case 'cached':
      return CACHING.includes(server)
    default:
      return true
  }
}
