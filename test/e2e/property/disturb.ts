/** What happens to a gateway: each of these is heard of by callers only as the documents say. */
import { serverHostName } from '#protocol/tenant.ts'
import { childrenOf } from '#test/support/processes.ts'
import type { Disturbance } from './plan.ts'
import type { World } from './world.ts'

export async function disturb({ what, tenant, which }: Disturbance, world: World): Promise<void> {
  const { gateway } = world
  switch (what) {
    case 'process': {
      const pids = childrenOf(gateway.hostProgramPid, 'stamps')
      const victims = which.map((part) => pids[Math.floor(part * pids.length)])
      for (const pid of new Set(victims)) if (pid !== undefined) process.kill(pid, 'SIGKILL')
      return
    }
    case 'host program':
      return gateway.killHostProgram()
    case 'object': {
      const url = new URL(gateway.url)
      url.searchParams.set('reset', 'SERVER_HOST')
      url.searchParams.set('name', serverHostName(tenant))
      const response = await fetch(url)
      await response.arrayBuffer()
      return
    }
    case 'workerd':
      return world.killWorkerd()
    case 'remote':
      return world.restartRemote()
    case 'restart':
      return world.restart()
  }
}
