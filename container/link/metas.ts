/** What the object sends in a frame's meta, parsed where it enters. Unknown members are ignored. */
import { z } from 'zod'
import { URGENCY } from '#protocol/link.ts'
import type { ConfigureMeta, HelloMeta, HurryMeta, OpenMeta, SentMeta } from '#protocol/link.ts'

const Hello = z.object({
  versions: z.array(z.number()).max(64),
  epoch: z.string().min(1).max(256),
}) satisfies z.ZodType<HelloMeta>

const milliseconds = z
  .int()
  .min(1)
  .max(2 ** 31 - 1)

const bounds = {
  name: z.string().max(256),
  digest: z.string().max(256),
  secrets: z.array(z.string()).exactOptional(),
  warm: z.int().min(0),
  isAdaptive: z.literal(true).exactOptional(),
  usedMsAgo: z.number().min(0).exactOptional(),
  maxProcesses: z.int().min(1),
  idleTimeoutMs: milliseconds,
  maxLifetimeMs: milliseconds,
}

const ProcessLaunch = z.object({
  ...bounds,
  command: z.string().min(1),
  args: z.array(z.string()),
  env: z.record(z.string(), z.string()),
  cwd: z.string().exactOptional(),
})

const RemoteLaunch = z.object({
  ...bounds,
  remote: z.object({
    url: z.url(),
    headers: z.record(z.string(), z.string()),
    transport: z.enum(['http', 'sse', 'websocket']),
    allowPrivate: z.boolean(),
    pool: z.object({
      maxConnections: z.int().min(1),
      keepAliveMs: milliseconds,
      requestTimeoutMs: milliseconds,
      allowH2: z.boolean(),
    }),
  }),
})

const Configure = z.object({
  launches: z.array(ProcessLaunch).max(256),
  remotes: z.array(RemoteLaunch).max(256).exactOptional(),
}) satisfies z.ZodType<ConfigureMeta>

const urgency = z.literal([URGENCY.none, URGENCY.list, URGENCY.call])

const Hurry = z.object({
  urgency,
  owner: z.string().exactOptional(),
}) satisfies z.ZodType<HurryMeta>

const Open = z.object({
  key: z.string().max(512),
  server: z.string().max(256),
  owner: z.string().exactOptional(),
  urgency: urgency.exactOptional(),
}) satisfies z.ZodType<OpenMeta>

const Sent = z.object({
  call: z.string().max(256).exactOptional(),
  shared: z.literal(true).exactOptional(),
}) satisfies z.ZodType<SentMeta>

export function parseHello(meta: unknown): HelloMeta {
  return Hello.parse(meta)
}

export function parseConfigure(meta: unknown): ConfigureMeta {
  return Configure.parse(meta)
}

export function parseOpen(meta: unknown): OpenMeta {
  return Open.parse(meta)
}

export function parseHurry(meta: unknown): HurryMeta {
  return Hurry.parse(meta)
}

/** Of a message; an object that is older sends none. */
export function parseSent(meta: unknown): SentMeta | undefined {
  return meta === undefined ? undefined : Sent.parse(meta)
}
