/** The worker in Miniflare, which has the binding that counts floods: workerd has none. */
import { Miniflare, NoOpLog } from 'miniflare'
import { workerProgram } from '#cli/runtime/programs.ts'
import { COMPATIBILITY_DATE } from '#cli/runtime/workerd-config.ts'
import { ADMIN_TOKEN, MASTER_KEY } from '../start-worker.ts'

export interface ShieldedWorker {
  url: URL
  admin(method: string, path: string, body: unknown): Promise<Response>
  stop(): Promise<void>
}

const OBJECTS = { TENANT: 'Tenant', DIRECTORY: 'Directory', RATE_LIMITER: 'RateLimiter' }

/** `limit`: how many requests a key may come with in a minute. */
export async function startShielded(limit: number): Promise<ShieldedWorker> {
  const secrets = { ADMIN_TOKEN, MASTER_KEY, TOKEN_PEPPER: 'pepper', HOST_PROGRAM_TOKEN: 'link' }
  const texts = Object.entries(secrets).map(([name, value]) => [name, { type: 'text', value }])
  const objects = Object.entries(OBJECTS).map(([binding, exportName]) => [
    binding,
    { type: 'durable-object', worker: 'hearth', exportName },
  ])
  const classes = Object.values(OBJECTS).map((name) => [
    name,
    { type: 'durable-object', storage: 'sqlite' },
  ])
  const miniflare = new Miniflare({
    host: '127.0.0.1',
    port: 0,
    cf: false,
    log: new NoOpLog(),
    enableDevRegistry: false,
    handleStructuredLogs: () => undefined,
    workers: [
      {
        config: {
          name: 'hearth',
          compatibilityDate: COMPATIBILITY_DATE,
          manifest: {
            mainModule: 'worker.js',
            modules: { 'worker.js': { type: 'esm', contents: await workerProgram() } },
          },
          env: {
            ...Object.fromEntries([...texts, ...objects]),
            FLOOD_SHIELD: {
              type: 'rate-limit',
              namespace: 'hearth',
              simple: { limit, period: 60 },
            },
          },
          exports: Object.fromEntries(classes),
        },
        dev: { unsafeDirectSockets: [{ host: '127.0.0.1', port: 0 }] },
      },
    ],
  })
  await miniflare.ready
  // Miniflare's entry worker would put an address of its own in the place of a client's.
  const url = await miniflare.unsafeGetDirectURL('hearth')
  return {
    url,
    admin: (method, path, body) =>
      fetch(new URL(`/admin/tenants/${path}`, url), {
        method,
        headers: { Authorization: `Bearer ${ADMIN_TOKEN}`, 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
      }),
    stop: () => miniflare.dispose(),
  }
}
