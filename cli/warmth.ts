/**
 * Warms the servers while clients may call already, and says which of them do not start; with `only`, of
 * these.
 */
import { z } from 'zod'
import type { Log } from './log.ts'
import { StartFailures } from './start-failures.ts'
import type { AdminClient } from './runtime/admin-client.ts'
import { toPlain } from './table.ts'

const Report = z.looseObject({
  servers: z.array(
    z.looseObject({
      name: z.string(),
      ready: z.boolean(),
      error: z.string().optional(),
      output: z.array(z.string()).optional(),
      hint: z.string().optional(),
    }),
  ),
})

export interface WarmthOptions {
  /** Of these alone. */
  only?: ReadonlySet<string>
  /** What was told already. */
  failures?: StartFailures
}

export async function reportWarmth(
  admin: AdminClient,
  log: Log,
  signal: AbortSignal,
  { only, failures = new StartFailures(log) }: WarmthOptions = {},
): Promise<void> {
  try {
    const { servers } = Report.parse(await admin.warm({ lists: true, signal }))
    for (const { name, ready, error = 'it is not ready', output, hint } of servers) {
      if (!ready && only?.has(name) !== false) failures.tell({ server: name, error, output, hint })
    }
  } catch (error) {
    if (!signal.aborted)
      log.write('warn', `the servers could not be warmed: ${toPlain(String(error))}`)
  }
}
