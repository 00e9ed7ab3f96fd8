/** Whether the processes of a launch do not come up at the moment, and why. */
import { DEFAULT_CRASH_POLICY } from './crash-loop.ts'
import { StartError } from './spawn.ts'
import { explain } from '../reasons/explain.ts'
import type { Launch, Why } from '#protocol/link.ts'

export class Failing {
  readonly #onChange: (why: Why | undefined) => void
  #isFailing = false

  /** `undefined`: they do again. */
  constructor(onChange: (why: Why | undefined) => void) {
    this.#onChange = onChange
  }

  begin(why: Why): void {
    this.#isFailing = true
    this.#onChange(why)
  }

  /** A process has answered. */
  end(): void {
    if (this.#isFailing) this.#onChange(undefined)
    this.#isFailing = false
  }

  /** A spare answers nobody: it has come up when it is still there after a while. */
  endLater(isThere: () => boolean): void {
    if (!this.#isFailing) return
    setTimeout(() => isThere() && this.end(), DEFAULT_CRASH_POLICY.stableMs).unref()
  }
}

/** Why a process could not be started, as whoever waits for it may see it. */
export function explainStart(launch: Launch, error: unknown): Why {
  if (!(error instanceof StartError)) return { detail: 'internal error' }
  const { message: how, output: printed } = error
  // The hints are about programs on this machine.
  if (launch.remote !== undefined) return { detail: how }
  const { quote: _, ...why } = explain({ how, printed, server: launch.name, isNew: true })
  return { detail: how, ...why }
}
