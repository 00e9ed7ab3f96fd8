/** What calls go through whose route has transformers: those of the server and those of the route. */
import type { Routes } from '#protocol/routes.ts'
import type { Transformers } from '#protocol/transform.ts'
import { Pipeline } from './pipeline.ts'
import { REGISTERED } from './registered.ts'

/** Of a route and a server each, made when the first such call comes. */
const MAX_ROUTED_PIPELINES = 1_024

export class RoutedPipelines {
  readonly #ofServer: (server: string) => Transformers
  /** By route. */
  #lists = new Map<string, Transformers>()
  #text = '[]'
  readonly #made = new Map<string, Pipeline>()

  constructor(ofServer: (server: string) => Transformers) {
    this.#ofServer = ofServer
  }

  /** Whether no route has any. */
  get isEmpty(): boolean {
    return this.#lists.size === 0
  }

  /** Servers' lists may be others, too. Returns whether the routes' are. */
  configure(routes: Routes): boolean {
    this.#made.clear()
    const lists = routes.flatMap(({ name, transform = [] }) =>
      transform.length === 0 ? [] : [[name, transform] as const],
    )
    const text = JSON.stringify(lists)
    if (text === this.#text) return false
    this.#text = text
    this.#lists = new Map(lists)
    return true
  }

  /** `undefined` where the route has no transformers. */
  of(server: string, route: string): Pipeline | undefined {
    const list = this.#lists.get(route)
    if (list === undefined) return undefined
    const key = `${route} ${server}`
    const known = this.#made.get(key)
    if (known !== undefined) return known
    if (this.#made.size >= MAX_ROUTED_PIPELINES) this.#made.clear()
    const pipeline = new Pipeline([...this.#ofServer(server), ...list], REGISTERED)
    this.#made.set(key, pipeline)
    return pipeline
  }
}
