/**
 * What a configuration file may hold: `ServerConfig` and the keys that other clients write beside it.
 * Those are read and dropped, so that a file can be shared with them.
 */
import { z } from 'zod'
import { SERVER_NAME, ServerConfig } from '#protocol/server-config.ts'

const ignored = (owner: string) => z.unknown().optional().describe(`Read by ${owner}; ignored here`)

export const FileServer = ServerConfig.extend({
  type: z.literal('stdio').optional().describe('Only stdio servers are supported'),
  transport: z.literal('stdio').optional().describe('Another spelling of type'),
  disabled: z.boolean().optional().describe('true means enabled: false'),
  description: ignored('people'),
  alwaysAllow: ignored('other clients'),
  autoApprove: ignored('other clients'),
}).meta({ id: 'server' })
export type FileServer = z.infer<typeof FileServer>

const NamedServer = FileServer.extend({ name: z.string().regex(SERVER_NAME) })
const serversByName = z.record(z.string().regex(SERVER_NAME), FileServer)

/** Both forms of the file; the source of docs/hearth.schema.json. */
export const ConfigFile = z.union([
  z.object({ $schema: z.string().optional(), mcpServers: serversByName }),
  z.object({
    $schema: z.string().optional(),
    servers: z.union([z.array(NamedServer), serversByName]),
  }),
])

export const serverKeys: readonly string[] = Object.keys(FileServer.shape)
