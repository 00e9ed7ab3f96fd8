// The worker with one more route, on which a Tenant object does what its alarm does. Answers when
// the next alarm is.
import { Tenant as Base } from '#durable-objects/tenant/tenant.ts'
import worker from '#worker/index.ts'

// The other classes that the bindings name.
export * from '#worker/index.ts'

export class Tenant extends Base {
  async sweep() {
    await this.ctx.storage.deleteAlarm()
    await this.alarm()
    return this.ctx.storage.getAlarm()
  }

  nextAlarm() {
    return this.ctx.storage.getAlarm()
  }
}

export default {
  async fetch(request, env, ctx) {
    const { pathname, searchParams } = new URL(request.url)
    const tenant = env.TENANT.getByName(searchParams.get('tenant') ?? '')
    if (pathname === '/sweep') return Response.json({ alarm: await tenant.sweep() })
    if (pathname === '/alarm') return Response.json({ alarm: await tenant.nextAlarm() })
    return worker.fetch(request, env, ctx)
  },
}
