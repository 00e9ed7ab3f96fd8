/** What a configuration file may hold, once its servers have the keys that they have here. */
import { z } from 'zod'
import { CatalogSettings, DEFAULT_CATALOG } from '#protocol/catalog.ts'
import { Limits } from '#protocol/limits.ts'
import { Routes } from '#protocol/routes.ts'
import { RemoteConfig, StdioConfig } from '#protocol/server-config.ts'

const disabled = z.boolean().optional().describe('true means enabled: false')

export const FileStdioServer = StdioConfig.extend({
  type: z.literal('stdio').optional(),
  transport: z.literal('stdio').optional().describe('Another spelling of type'),
  disabled,
})
export type FileStdioServer = z.infer<typeof FileStdioServer>

/** Spellings of clients, and what they are here. */
export const TRANSPORT_NAMES = {
  http: 'http',
  'streamable-http': 'http',
  streamableHttp: 'http',
  sse: 'sse',
  websocket: 'websocket',
  ws: 'websocket',
} as const satisfies Record<string, RemoteConfig['transport']>

export const URL_SPELLINGS = ['url', 'serverUrl', 'httpUrl'] as const

const transportName = z.enum(Object.keys(TRANSPORT_NAMES) as (keyof typeof TRANSPORT_NAMES)[])
const { url } = RemoteConfig.shape

export const FileRemoteServer = RemoteConfig.omit({ url: true, transport: true }).extend({
  url: url.optional(),
  serverUrl: url.optional().describe('Another spelling of url'),
  httpUrl: url.optional().describe('Another spelling of url'),
  transport: transportName
    .optional()
    .describe('Default: websocket for ws: and wss:, sse for a path that ends in /sse, else http'),
  type: transportName.optional().describe('Another spelling of transport'),
  disabled,
})
export type FileRemoteServer = z.infer<typeof FileRemoteServer>

/** What a tenant has beside its servers. A file without it has the defaults. */
export const FileSettings = z
  .strictObject({
    catalog: CatalogSettings.default(DEFAULT_CATALOG).describe('How the servers are one at /mcp'),
    routes: Routes.default([]).describe('Who answers what, and under which policies'),
    limits: Limits.optional().describe(
      'How often, and how many at once. Absent: those that the tenant has stay',
    ),
  })
  .meta({ id: 'settings' })
export type FileSettings = z.infer<typeof FileSettings>

export const serverKeys: readonly string[] = [
  ...new Set([...Object.keys(FileStdioServer.shape), ...Object.keys(FileRemoteServer.shape)]),
]
