/** The admin routes that `hearth up` and the tests use; see worker/admin. */
import type { FileSettings } from '../config/file-schema.ts'
import type { ServerConfigs } from '#protocol/server-config.ts'
import { Failure } from '../failure.ts'

/** Registering a token that ended. */
const CONFLICT = 409
const ENDED =
  'the token of this gateway was rotated or revoked: give its successor, or another, with --token'

export class AdminClient {
  readonly #base: string
  readonly #token: string

  constructor(url: URL, adminToken: string, tenant: string) {
    this.#base = new URL(`/admin/tenants/${tenant}/`, url).href
    this.#token = adminToken
  }

  async putServers(servers: ServerConfigs): Promise<void> {
    await this.#send('PUT', 'servers', servers)
  }

  /** After the servers: routes name them. */
  async putSettings({ catalog, routes, limits }: FileSettings): Promise<void> {
    await this.#send('PUT', 'catalog', catalog)
    await this.#send('PUT', 'routes', { routes })
    if (limits !== undefined) await this.#send('PUT', 'limits', { limits })
  }

  /** Registers a token that may use every server; the same one may be registered again. */
  async putToken(name: string, token: string): Promise<void> {
    await this.#send('POST', 'tokens', { name, token, grants: { scopes: ['*'] } })
  }

  /** Refuses new calls and waits for running ones; the gateway gives them 10 s. */
  async drain(signal: AbortSignal): Promise<void> {
    await this.#send('POST', 'drain', undefined, signal)
  }

  /** Starts every server, and learns its era; with `lists` also its tools, without a wait. */
  async warm({
    lists = false,
    signal,
  }: { lists?: boolean; signal?: AbortSignal } = {}): Promise<unknown> {
    return this.#send('POST', `warm?lists=${lists}`, undefined, signal)
  }

  async #send(
    method: string,
    path: string,
    body?: unknown,
    signal?: AbortSignal,
  ): Promise<unknown> {
    const response = await fetch(this.#base + path, {
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
