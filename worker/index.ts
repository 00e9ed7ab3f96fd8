/** The worker's entry: the app, and the Durable Object classes that wrangler looks for here. */
import type { Hono } from 'hono'
import { createApp } from './app.ts'
import type { AppEnv } from './context.ts'
import { createDeps, type Env } from './env.ts'

export { ContainerServerHost } from '#durable-objects/server-host/container.ts'
export { Directory } from '#durable-objects/directory/directory.ts'
export { LocalServerHost } from '#durable-objects/server-host/local.ts'
export { RateLimiter } from '#durable-objects/rate-limiter/rate-limiter.ts'
export { Tenant } from '#durable-objects/tenant/tenant.ts'

/** One for each isolate: it holds the caches. */
let app: Hono<AppEnv> | undefined

export default {
  fetch(request, env, ctx) {
    app ??= createApp(createDeps(env))
    return app.fetch(request, env, ctx)
  },
} satisfies ExportedHandler<Env>
