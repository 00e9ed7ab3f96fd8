/**
 * How a host program keeps connections to the origin of a remote server: what is configured, and what
 * it comes to. A preset is a set of defaults; a key that is set wins over it. Pure.
 */
import * as z from 'zod'

const milliseconds = z.int().min(1).max(86_400_000)

/** The key `pool` of a remote server that is reached from the host program. */
export const PoolSettings = z.strictObject({
  preset: z
    .enum(['throughput', 'serverless', 'conservative'])
    .default('throughput')
    .describe(
      'throughput: many calls to a server that stays up; serverless: one that closes what is idle; ' +
        'conservative: few connections, HTTP/1.1',
    ),
  maxConnections: z
    .int()
    .min(1)
    .max(256)
    .optional()
    .describe('Most connections for calls to the origin. HTTP/2 needs one'),
  keepAliveMs: milliseconds
    .optional()
    .describe('A connection without a call for this long is closed. Milliseconds.'),
  requestTimeoutMs: milliseconds
    .optional()
    .describe('Longest until a response begins, the wait for a connection included. Milliseconds.'),
  allowH2: z.boolean().optional().describe('HTTP/2 where the server has it, else HTTP/1.1'),
})
export type PoolSettings = z.infer<typeof PoolSettings>

/** With every key. */
export interface Pool {
  maxConnections: number
  keepAliveMs: number
  requestTimeoutMs: number
  allowH2: boolean
}

const PRESETS: Record<PoolSettings['preset'], Pool> = {
  throughput: {
    maxConnections: 32,
    keepAliveMs: 60_000,
    requestTimeoutMs: 120_000,
    allowH2: true,
  },
  serverless: {
    maxConnections: 8,
    keepAliveMs: 4_000,
    requestTimeoutMs: 30_000,
    allowH2: true,
  },
  conservative: {
    maxConnections: 4,
    keepAliveMs: 10_000,
    requestTimeoutMs: 60_000,
    allowH2: false,
  },
}

export function resolvePool(settings: PoolSettings): Pool {
  const { preset, ...explicit } = settings
  const set = Object.entries(explicit).filter(([, value]) => value !== undefined)
  return { ...PRESETS[preset], ...Object.fromEntries(set) }
}
