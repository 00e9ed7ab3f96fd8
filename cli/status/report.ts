/** What `hearth status` shows: the gateway's own report, and what is to be done about it. Pure. */
import { z } from 'zod'
import { toSpan } from '../duration.ts'
import type { MachineMemory } from './machine.ts'

export const Server = z.looseObject({
  name: z.string(),
  ready: z.boolean(),
  eras: z.array(z.string()).default([]),
  isPersonal: z.boolean().optional(),
  /** What a start that is under way does: `installing mcp-server-git`. */
  start: z.string().optional(),
  /** Those that run; absent where that is not known. */
  processes: z.number().optional(),
  error: z.string().optional(),
  /** The server's last words. */
  output: z.union([z.string(), z.array(z.string())]).optional(),
  hint: z.string().optional(),
  lists: z
    .looseObject({
      tools: z.number().optional(),
      failure: z.string().optional(),
      notes: z.array(z.string()).optional(),
    })
    .optional(),
  resilience: z
    .looseObject({
      health: z.string(),
      breaker: z.looseObject({ state: z.string(), retryAfterMs: z.number().optional() }).optional(),
      lastFailure: z.looseObject({ code: z.string(), at: z.number() }).optional(),
      answeredAt: z.number().optional(),
    })
    .optional(),
})
export type Server = z.output<typeof Server>

export const StatusReport = z.looseObject({
  version: z.string().optional(),
  servers: z.array(Server),
})

export interface GatewayStatus {
  gateway: { url: string; version?: string; uptimeMs?: number }
  tenant: string
  /** Absent for whom may not list them. */
  tenants?: string[]
  /** Of a gateway of this machine. */
  memory?: MachineMemory
  servers: z.output<typeof StatusReport>['servers']
}

/** What a new process needs at least, with something to spare. */
const LOW_MEMORY_BYTES = 256 * 1024 * 1024

/** In a word or two, as far as the gateway tells. */
export function stateOf({
  name,
  start,
  ready,
  error,
  isPersonal,
  processes,
  ...more
}: Server): string {
  // The name stands beside it.
  if (start === `starting ${name}`) return 'starting'
  if (start !== undefined) return start.replace(`${name} waits`, 'waits')
  if (error !== undefined || more.resilience?.breaker?.state === 'open') return 'failed'
  // Each of its users has processes of their own.
  if (isPersonal) return 'on first call'
  if (!ready) return (processes ?? 0) > 0 ? 'no answer yet' : 'not started'
  return processes === 0 ? 'resting' : 'ready'
}

/** Why it does not serve, on one line. */
export function reasonOf({ error, lists, resilience }: Server): string | undefined {
  if (error !== undefined) return error
  if (resilience?.breaker?.state === 'open') {
    const { lastFailure, breaker } = resilience
    const wait =
      breaker.retryAfterMs === undefined ? '' : ` for ${toSpan(breaker.retryAfterMs)} yet`
    return `its calls fail (${lastFailure?.code ?? 'no reason is known'}), so they are refused${wait}`
  }
  if (lists?.failure !== undefined) return `its tools could not be listed (${lists.failure})`
  return undefined
}

/** The server's last words. */
export function linesOf({ output = [] }: Server): string[] {
  return [output].flat().flatMap((text) => text.split('\n'))
}

/** What to do next, the most urgent first; nothing when all is well. */
export function nextSteps({ servers, memory, tenant }: GatewayStatus): string[] {
  const whose = tenant === 'local' ? '' : ` --tenant ${tenant}`
  const steps = servers.flatMap((server) => {
    if (reasonOf(server) === undefined) return []
    const { name, hint } = server
    if (hint === undefined) return [`hearth logs ${name}${whose}`]
    return [hint.includes(JSON.stringify(name)) ? hint : `${name}: ${hint}`]
  })
  if (servers.length === 0) steps.push(`there is no server: hearth servers set FILE${whose}`)
  if (memory !== undefined && memory.freeBytes < LOW_MEMORY_BYTES) {
    steps.push(
      'there is little memory for more processes: end other programs, or serve fewer servers',
    )
  }
  return steps
}
