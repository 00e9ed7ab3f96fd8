/**
 * Asks the processes of one server that run anyway whether they answer. It starts none, wakes no
 * container, and is no use of a process (`PROBE_ID`): with no process left it rests.
 */
import { GatewayError } from '#protocol/errors.ts'
import type { HealthPolicy } from '#protocol/resilience.ts'
import { ServerError, type Connection } from '../processes/connection.ts'
import type { Probe } from '../processes/probe.ts'
import type { Guard } from './guard.ts'
import { checkAfterMs, needsCheck } from './health.ts'

/** Processes that are known; more are not asked. */
const MAX_WATCHED = 1_024

export class Prober {
  readonly #guard: Guard
  readonly #isUp: () => boolean
  /** In the order in which they are asked. */
  readonly #watched = new Map<Connection, Probe>()
  #timer: number | undefined

  constructor(guard: Guard, isUp: () => boolean) {
    this.#guard = guard
    this.#isUp = isUp
  }

  /** A process that takes requests. One branch where checks are switched off. */
  watch(connection: Connection, probe: Probe): void {
    const { health } = this.#guard.policy
    if (health === false || this.#watched.size >= MAX_WATCHED) return
    this.#watched.set(connection, probe)
    this.#schedule(health)
  }

  close(): void {
    this.#watched.clear()
    if (this.#timer !== undefined) clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #schedule({ intervalMs }: HealthPolicy): void {
    this.#timer ??= setTimeout(() => void this.#check(), checkAfterMs(intervalMs, Math.random()))
  }

  async #check(): Promise<void> {
    this.#timer = undefined
    const { health } = this.#guard.policy
    if (health === false) return this.close()
    for (const connection of this.#watched.keys()) {
      if (connection.over) this.#watched.delete(connection)
    }
    if (needsCheck(this.#guard.heard, Date.now(), health.intervalMs)) await this.#ask(health)
    if (this.#watched.size > 0) this.#schedule(health)
  }

  /** A process that is at work is not asked: one that does one thing after another answers late. */
  async #ask({ timeoutMs }: HealthPolicy): Promise<void> {
    const idle = [...this.#watched].find(([connection]) => connection.inFlight === 0)
    if (idle === undefined || !this.#isUp()) return
    const [connection, probe] = idle
    this.#watched.delete(connection)
    this.#watched.set(connection, probe)
    try {
      await connection.probe(probe.method, probe.params, timeoutMs)
      this.#guard.noteCheck(undefined)
    } catch (error) {
      // An error of its own is an answer.
      if (error instanceof ServerError) this.#guard.noteCheck(undefined)
      else this.#guard.noteCheck(GatewayError.from(error))
    }
  }
}
