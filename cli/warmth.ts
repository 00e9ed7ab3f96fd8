/**
 * Warms the servers while clients may call already, and says which of them do not start; with `only`, of
 * these.
 */
import { z } from 'zod'
import type { Log } from './log.ts'
import type { AdminClient } from './runtime/admin-client.ts'
import { toPlain } from './table.ts'

const Report = z.looseObject({
  servers: z.array(
    z.looseObject({ name: z.string(), ready: z.boolean(), error: z.string().optional() }),
  ),
})

export async function reportWarmth(
  admin: AdminClient,
  log: Log,
  signal: AbortSignal,
  only?: ReadonlySet<string>,
): Promise<void> {
  try {
    const { servers } = Report.parse(await admin.warm(signal))
    for (const { name, ready, error = 'it is not ready' } of servers) {
      if (!ready && only?.has(name) !== false)
        log.write('warn', `server ${JSON.stringify(name)} does not start: ${toPlain(error)}`)
    }
  } catch (error) {
    if (!signal.aborted)
      log.write('warn', `the servers could not be warmed: ${toPlain(String(error))}`)
  }
}
