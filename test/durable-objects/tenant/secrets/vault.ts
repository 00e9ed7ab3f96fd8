/** Secrets of tenants in workerd, each verb one request; see test/fixtures/secrets-worker.mjs. */
import { fileURLToPath } from 'node:url'
import type { z } from 'zod'
import type { ServerConfigs } from '#protocol/server-config.ts'
import type { ResolvedProcess, Rewrapped, SecretInfo } from '#protocol/tenant.ts'
import { startWorker, type RunningWorker } from '#test/worker/start-worker.ts'

const ENTRY = fileURLToPath(new URL('../../../fixtures/secrets-worker.mjs', import.meta.url))

export interface Named {
  name: string
  principal?: string
}
export type Servers = Record<string, z.input<typeof ServerConfigs>[string]>

/** What a refusal tells: its code, and all the text that comes with it. */
export class Refusal extends Error {
  readonly code: string

  constructor({ code, text }: { code: string; text: string }) {
    super(text)
    this.code = code
  }
}

export class Vault {
  readonly worker: RunningWorker
  readonly tenant: string

  constructor(worker: RunningWorker, tenant: string) {
    this.worker = worker
    this.tenant = tenant
  }

  put = (secret: Named & { value: string }, now = 1) =>
    this.#perform<SecretInfo>('put', secret, now)
  putAll = (secrets: (Named & { value: string })[]) =>
    this.#perform<SecretInfo[]>('putAll', secrets)
  putAndFail = (secret: Named & { value: string }) =>
    this.#perform<SecretInfo>('putAndFail', secret)
  list = (principal?: string) => this.#perform<SecretInfo[]>('list', principal)
  delete = (secret: Named) => this.#perform<null>('delete', secret)
  plain = (name: string) => this.#perform<string | null>('plain', name)
  rewrap = () => this.#perform<Rewrapped>('rewrap')
  sql = (query: string, ...values: unknown[]) =>
    this.#perform<Record<string, unknown>[]>('sql', query, ...values)
  resolve = (servers: Servers, principal?: string) =>
    this.#perform<Record<string, ResolvedProcess>>('resolve', servers, principal)

  async #perform<T>(action: string, ...args: unknown[]): Promise<T> {
    // JSON has no `undefined`: what is missing at the end is left out.
    const given = args.filter((arg) => arg !== undefined)
    const body = JSON.stringify({ tenant: this.tenant, action, args: given })
    const response = await fetch(this.worker.url, { method: 'POST', body })
    const answer = (await response.json()) as {
      result: T
      error?: { code: string; text: string }
    }
    if (answer.error !== undefined) throw new Refusal(answer.error)
    return answer.result
  }
}

export const startVault = (): Promise<RunningWorker> => startWorker(ENTRY)

export function server(env: Record<string, string>, args: string[] = []): Servers {
  return { one: { command: 'node', args, env } }
}
