/** A server that does what a test orders, and what it has done. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { StatusAnswer } from '#cli/openapi/answers.ts'
import type { ServerReport } from '#protocol/host-call.ts'
import { fixture } from '#test/support/fixture-server.ts'
import type { Gateway, GatewayOptions } from '#test/support/gateway.ts'
import { Notes } from '#test/support/notes.ts'
import { waitUntil } from '#test/support/processes.ts'

type Config = GatewayOptions['servers'][string]
type Order = 'fine' | 'hang' | 'die' | 'die-late' | 'stillborn' | 'mute'

interface Note {
  pid: number
  what: string
  key?: string
}

export class Orders {
  readonly #notes = new Notes<Note>()
  readonly #file = `${this.#notes.file}-orders`

  constructor() {
    this.give('fine')
  }

  config(changes: Partial<Config> = {}): Config {
    return fixture('obeys-orders', { env: this.env, ...changes })
  }

  get env(): { NOTES: string; ORDERS: string } {
    return { NOTES: this.#notes.file, ORDERS: this.#file }
  }

  give(order: Order): void {
    writeFileSync(this.#file, order)
  }

  get given(): string {
    return readFileSync(this.#file, 'utf8')
  }

  count(method: string): number {
    return this.#notes.all(({ what }) => what === method).length
  }

  get pid(): number {
    return this.#notes.all(({ what }) => what === 'start').at(-1)?.pid ?? 0
  }

  /** How often the server ran a call. */
  runs(key?: string): number {
    return this.#notes.all((note) => note.what === 'call' && (key ?? note.key) === note.key).length
  }

  /** Ends the process that ran the last call, between two calls. */
  async kill(): Promise<void> {
    const pid = this.#notes.all(({ what }) => what === 'call').at(-1)?.pid ?? 0
    process.kill(pid, 'SIGKILL')
    // Until its last thread is gone it still has its pipes: what is written then is lost.
    await waitUntil(() => !existsSync(`/proc/${pid}`), 'a killed process lives')
  }

  get starts(): number {
    return this.#notes.all(({ what }) => what === 'start').length
  }

  begun(key: string): Promise<unknown> {
    return this.#notes.first((note) => note.key === key)
  }

  remove(): void {
    this.#notes.remove()
  }
}

export const codeOf = (answer: { message: { error?: { data?: unknown } } }): unknown =>
  (answer.message.error?.data as { code?: unknown } | undefined)?.code

export async function statusOf(gateway: Gateway, server: string): Promise<ServerReport> {
  const answer = StatusAnswer.parse(await gateway.admin('GET', 'status'))
  const found = answer.servers.find(({ name }) => name === server)
  if (found === undefined) throw new Error(`no server ${server}`)
  return found as ServerReport
}
