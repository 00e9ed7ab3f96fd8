/** The pipelines of those servers that have transformers; made anew when their list is another one. */
import type { Transformers } from '#protocol/transform.ts'
import { Pipeline } from './pipeline.ts'
import { REGISTERED } from './registered.ts'

interface Known {
  /** The list as JSON. */
  text: string
  pipeline: Pipeline
}

export class Pipelines {
  #known = new Map<string, Known>()

  /** Whether no server has any: the one branch that their calls cost. */
  get isEmpty(): boolean {
    return this.#known.size === 0
  }

  of(server: string): Pipeline | undefined {
    return this.#known.get(server)?.pipeline
  }

  /** By server. Returns those whose list is another one, or is there no more. */
  configure(lists: readonly (readonly [string, Transformers])[]): string[] {
    const before = this.#known
    const after = new Map<string, Known>()
    const changed: string[] = []
    for (const [server, list] of lists) {
      if (list.length === 0) continue
      const text = JSON.stringify(list)
      const former = before.get(server)
      if (former?.text === text) {
        after.set(server, former)
        continue
      }
      after.set(server, { text, pipeline: new Pipeline(list, REGISTERED) })
      changed.push(server)
    }
    for (const server of before.keys()) if (!after.has(server)) changed.push(server)
    this.#known = after
    return changed
  }
}
