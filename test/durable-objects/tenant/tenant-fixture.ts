/** A tenant with one server, and how its tokens are asked about. */
import type { AuditEvent, Page, TokenInfo } from '#protocol/tenant.ts'
import { createSend, type Send } from '../../worker/admin/send.ts'
import type { RunningWorker } from '../../worker/start-worker.ts'

export interface Made {
  token: string
  info: TokenInfo
}

export interface TenantFixture {
  /** Paths below `/admin/tenants/{tenant}/`, as the operator. */
  send: Send
  createToken(body?: object): Promise<Made>
  rotate(keyId: string, overlapMs: number): Promise<Made & { old: TokenInfo }>
  info(keyId: string): Promise<TokenInfo | undefined>
  /** Actions with their targets, newest first. */
  actions(): Promise<string[]>
  audit(query?: string): Promise<Page<AuditEvent>>
}

export async function createTenant(
  worker: RunningWorker,
  name: string,
  servers: object = { echo: { command: 'node' } },
): Promise<TenantFixture> {
  const operator = createSend(worker)
  const send: Send = (method, path, ...rest) => operator(method, `tenants/${name}/${path}`, ...rest)
  await send('PUT', 'servers', servers)
  const audit = async (query = '') => (await send<Page<AuditEvent>>('GET', `audit${query}`)).body
  return {
    send,
    createToken: async (body = { name: 'a' }) => (await send<Made>('POST', 'tokens', body)).body,
    async rotate(keyId, overlapMs) {
      const path = `tokens/${keyId}/rotate`
      return (await send<Made & { old: TokenInfo }>('POST', path, { overlapMs })).body
    },
    async info(keyId) {
      const { body } = await send<{ tokens: TokenInfo[] }>('GET', 'tokens')
      return body.tokens.find((token) => token.keyId === keyId)
    },
    audit,
    async actions() {
      const { items } = await audit()
      return items.map(({ action, target }) => (target ? `${action} ${target}` : action))
    },
  }
}

/** Whether a token is one of its tenant's: anything that is not 401 was let in. */
export async function isAccepted(worker: RunningWorker, token: string): Promise<boolean> {
  const headers = { Authorization: `Bearer ${token}` }
  const { status } = await fetch(new URL('/mcp/none', worker.url), { method: 'DELETE', headers })
  return status !== 401
}
