/** What the processes of a launch do, as their object is told it: of several starts the most urgent one. */
import type { StartState } from '../resolve/resolved.ts'
import type { LaunchMeta, Urgency } from '#protocol/link.ts'

interface Start {
  state: Exclude<StartState, 'up'>
  package: string | undefined
}

export interface Counts {
  processes: number
  spares: number
}

/** How far a start is. */
const STEPS = ['queued', 'installing', 'starting'] as const

export class LaunchProgress {
  readonly #urgencyOf: (slot: number) => Urgency
  /** By slot; those that are under way. */
  readonly #starts = new Map<number, Start>()
  #told = ''

  constructor(urgencyOf: (slot: number) => Urgency) {
    this.#urgencyOf = urgencyOf
  }

  set(slot: number, state: StartState, packageName?: string): void {
    if (state === 'up') this.#starts.delete(slot)
    else this.#starts.set(slot, { state, package: packageName })
  }

  delete(slot: number): void {
    this.#starts.delete(slot)
  }

  /** Nobody knows what was told before. */
  forgetTold(): void {
    this.#told = ''
  }

  /** What to tell; `undefined` when that was told already. */
  next(counts: Counts): Omit<LaunchMeta, 'server'> | undefined {
    const first = this.#first()
    const settled = { state: counts.processes > 0 ? ('up' as const) : ('resting' as const) }
    const { state, package: installed } = { package: undefined, ...(first ?? settled) }
    const meta = { state, ...(installed !== undefined && { package: installed }), ...counts }
    const text = JSON.stringify(meta)
    if (text === this.#told) return undefined
    this.#told = text
    return meta
  }

  /** Of equally urgent ones that which has least. */
  #first(): Start | undefined {
    const ranked = Array.from(this.#starts, ([slot, start]) => ({
      start,
      rank: this.#urgencyOf(slot) * STEPS.length - STEPS.indexOf(start.state),
    }))
    return ranked.toSorted((a, b) => b.rank - a.rank)[0]?.start
  }
}
