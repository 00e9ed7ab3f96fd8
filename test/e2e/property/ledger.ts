/** What came where, and what of it should not have. */
import { findLeak, isPooled, ownerOfProcess, type Place } from './audience.ts'
import type { Caller, ServerName } from './callers.ts'
import type { Kind, Step } from './plan.ts'
import type { Message } from './wire.ts'

/** A run that is wrong everywhere need not say so of each step. */
const EXAMPLES = 3
export const ANSWERED = 'answered'

export class Ledger {
  /** How calls ended, by the kind of their step. */
  readonly #ends = new Map<string, number>()
  /** Whose each process is, by its instance. */
  readonly #owners = new Map<string, string>()
  /** The process that each owner was served by last, in this round. */
  readonly #lastOf = new Map<string, string>()
  readonly #faults = new Map<string, string[]>()
  #isCalm = true

  /** `what` is wrong, and the same of several steps; `text`: what this one got. */
  blame(what: string, caller: Caller, step: Step | undefined, text = ''): void {
    const places = this.#faults.get(what) ?? []
    places.push(`${where(caller, step)} ${text}`)
    this.#faults.set(what, places)
  }

  /** Each with its first examples. */
  get faults(): string[] {
    return [...this.#faults].map(([what, places]) => {
      return [`${places.length} × ${what}`, ...places.slice(0, EXAMPLES)].join('\n    ')
    })
  }

  ended(kind: Kind, how: string): void {
    const end = `${kind}: ${how}`
    this.#ends.set(end, (this.#ends.get(end) ?? 0) + 1)
  }

  /** Calls that ended in one of these ways. */
  countOf(ways: readonly string[], except?: Kind): number {
    let sum = 0
    for (const [end, count] of this.#ends) {
      const [kind, how = ''] = end.split(': ')
      if (kind !== except && ways.includes(how)) sum += count
    }
    return sum
  }

  get summary(): string {
    return [...this.#ends]
      .sort()
      .map(([end, count]) => `${end} ${count}`)
      .join(', ')
  }

  /** Every message that any caller ever gets passes here. `step`: whose response it came on. */
  saw(text: string, message: Message, place: Place, step?: Step): void {
    const leak = findLeak(text, message, { ...place, isCached: step?.kind === 'cached' })
    if (leak !== undefined) this.blame(leak, place.viewer, step, text)
  }

  /** A call was served by a process: nobody else's, and in calm rounds the same as before. */
  wasServed(caller: Caller, server: ServerName, instance: string, step: Step): void {
    const owner = `${server} of ${ownerOfProcess(server, caller)}`
    const known = this.#owners.get(instance) ?? owner
    this.#owners.set(instance, known)
    if (known !== owner) this.blame("served by another's process", caller, step, known)
    if (!this.#isCalm || isPooled(server, caller)) return
    const last = this.#lastOf.get(owner) ?? instance
    this.#lastOf.set(owner, instance)
    if (last !== instance) this.blame('served by a second process', caller, step, owner)
  }

  /** In a calm round every process stays. */
  begin(isCalm: boolean): void {
    this.#isCalm = isCalm
    this.#lastOf.clear()
  }
}

function where(caller: Caller, step: Step | undefined): string {
  const what =
    step === undefined
      ? 'a stream'
      : `step ${step.number} (${step.kind}, id ${JSON.stringify(step.id)})`
  return `${what} of ${caller.key}${step === undefined ? '' : ` on ${step.server}`}`
}
