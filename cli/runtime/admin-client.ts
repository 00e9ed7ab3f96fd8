/** The admin routes that `hearth up` and the tests use; see worker/admin. */
import type { FileSettings } from '../config/file-schema.ts'
import type { ServerConfigs } from '#protocol/server-config.ts'
import { z } from 'zod'
import { Failure } from '../failure.ts'

const Tenants = z.object({
  items: z.array(z.object({ name: z.string() })),
  cursor: z.string().optional(),
})
/** Tenants that are asked at once. */
const DRAINED_AT_ONCE = 16

/** Registering a token that ended. */
const CONFLICT = 409
const ENDED =
  'the token of this gateway was rotated or revoked: give its successor, or another, with --token'

export class AdminClient {
  readonly #base: URL
  readonly #tenant: string
  readonly #token: string

  constructor(url: URL, adminToken: string, tenant: string) {
    this.#base = new URL('/admin/', url)
    this.#tenant = `tenants/${tenant}`
    this.#token = adminToken
  }

  async putServers(servers: ServerConfigs): Promise<void> {
    await this.#send('PUT', `${this.#tenant}/servers`, servers)
  }

  /** After the servers: routes name them. */
  async putSettings({ catalog, routes, limits }: FileSettings): Promise<void> {
    await this.#send('PUT', `${this.#tenant}/catalog`, catalog)
    await this.#send('PUT', `${this.#tenant}/routes`, { routes })
    if (limits !== undefined) await this.#send('PUT', `${this.#tenant}/limits`, { limits })
  }

  /** Registers a token that may use every server; the same one may be registered again. */
  async putToken(name: string, token: string): Promise<void> {
    await this.#send('POST', `${this.#tenant}/tokens`, { name, token, grants: { scopes: ['*'] } })
  }

  /** Of every tenant: refuses new calls and waits for running ones; the gateway gives them 10 s. */
  async drain(signal: AbortSignal): Promise<void> {
    const names = await this.#tenantNames(signal)
    const failures: unknown[] = []
    const drainNext = async (): Promise<void> => {
      for (let name = names.pop(); name !== undefined; name = names.pop()) {
        await this.#send('POST', `tenants/${name}/drain`, undefined, signal).catch(
          (error: unknown) => failures.push(error),
        )
      }
    }
    await Promise.all(Array.from({ length: DRAINED_AT_ONCE }, drainNext))
    if (failures.length > 0) throw failures[0]
  }

  /** Starts every server, and learns its era; with `lists` also its tools, without a wait. */
  async warm({
    lists = false,
    signal,
  }: { lists?: boolean; signal?: AbortSignal } = {}): Promise<unknown> {
    return this.#send('POST', `${this.#tenant}/warm?lists=${lists}`, undefined, signal)
  }

  async #tenantNames(signal: AbortSignal): Promise<string[]> {
    const names: string[] = []
    for (let cursor: string | undefined = ''; cursor !== undefined;) {
      const after: string = cursor === '' ? '' : `?cursor=${cursor}`
      const page = Tenants.parse(await this.#send('GET', `tenants${after}`, undefined, signal))
      names.push(...page.items.map(({ name }) => name))
      cursor = page.cursor
    }
    return names
  }

  async #send(
    method: string,
    path: string,
    body?: unknown,
    signal?: AbortSignal,
  ): Promise<unknown> {
    const response = await fetch(new URL(path, this.#base), {
      method,
      headers: { authorization: `Bearer ${this.#token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    })
    const text = await response.text()
    if (response.status === CONFLICT) throw new Failure(ENDED)
    if (!response.ok)
      throw new Error(`${method} ${path}: ${response.status} ${text.slice(0, 1000)}`)
    return text === '' ? undefined : JSON.parse(text)
  }
}
