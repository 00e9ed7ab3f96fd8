/**
 * What a configuration file may hold: `ServerConfig` and the keys that other clients write beside it.
 * Those are read and dropped, so that a file can be shared with them.
 */
import { z } from 'zod'
import { CatalogSettings, DEFAULT_CATALOG } from '#protocol/catalog.ts'
import { Limits } from '#protocol/limits.ts'
import { Routes } from '#protocol/routes.ts'
import { RemoteConfig, SERVER_NAME, StdioConfig } from '#protocol/server-config.ts'

const ignored = (owner: string) => z.unknown().optional().describe(`Read by ${owner}; ignored here`)

const alien = {
  disabled: z.boolean().optional().describe('true means enabled: false'),
  description: ignored('people'),
  alwaysAllow: ignored('other clients'),
  autoApprove: ignored('other clients'),
}

export const FileStdioServer = StdioConfig.extend({
  type: z.literal('stdio').optional(),
  transport: z.literal('stdio').optional().describe('Another spelling of type'),
  ...alien,
}).meta({ id: 'server' })
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

export const FileRemoteServer = RemoteConfig.omit({ url: true, transport: true })
  .extend({
    url: url.optional(),
    serverUrl: url.optional().describe('Another spelling of url'),
    httpUrl: url.optional().describe('Another spelling of url'),
    transport: transportName
      .optional()
      .describe('Default: websocket for ws: and wss:, sse for a path that ends in /sse, else http'),
    type: transportName.optional().describe('Another spelling of transport'),
    ...alien,
  })
  .meta({ id: 'remote-server', anyOf: URL_SPELLINGS.map((key) => ({ required: [key] })) })
export type FileRemoteServer = z.infer<typeof FileRemoteServer>

const name = z.string().regex(SERVER_NAME)
const named = z.union([FileStdioServer.extend({ name }), FileRemoteServer.extend({ name })])
const serversByName = z.record(name, z.union([FileStdioServer, FileRemoteServer]))

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

/** Both forms of the file; the source of docs/hearth.schema.json. */
export const ConfigFile = z.union([
  z.object({
    $schema: z.string().optional(),
    mcpServers: serversByName,
    hearth: FileSettings.optional(),
  }),
  z.object({
    $schema: z.string().optional(),
    servers: z.union([z.array(named), serversByName]),
    hearth: FileSettings.optional(),
  }),
])

export const serverKeys: readonly string[] = [
  ...new Set([...Object.keys(FileStdioServer.shape), ...Object.keys(FileRemoteServer.shape)]),
]
