/** The JSON Schema of a configuration file. */
import { format } from 'prettier'
import { z } from 'zod'
import { CLIENT_KEYS, CLIENT_TEXT, CLIENT_TEXTS } from './client-key-schema.ts'
import { FileRemoteServer, FileSettings, FileStdioServer, URL_SPELLINGS } from './file-schema.ts'

const stdio = FileStdioServer.extend({
  ...CLIENT_KEYS,
  args: z.array(CLIENT_TEXT).optional(),
  env: CLIENT_TEXTS.describe('Environment beside a minimal base (PATH, HOME, locale)'),
  type: z.enum(['stdio', 'local']).optional(),
}).meta({ id: 'server' })

const { transport } = FileRemoteServer.shape
const remote = FileRemoteServer.extend({
  ...CLIENT_KEYS,
  headers: CLIENT_TEXTS.describe('Sent with each request'),
  type: z
    .union([transport, z.enum(['streamable_http', 'remote'])])
    .optional()
    .describe('Another spelling of transport'),
}).meta({ id: 'remote-server', anyOf: URL_SPELLINGS.map((key) => ({ required: [key] })) })

const server = z.union([stdio, remote])
const named = z.union([stdio.extend({ name: z.string() }), remote.extend({ name: z.string() })])
const byName = z
  .record(z.string(), server)
  .describe('By name. What cannot stand in a URL is replaced: "My Server" is served as My-Server')

/** Both forms of the file. */
export const ConfigFile = z.union([
  z.object({
    $schema: z.string().optional(),
    mcpServers: byName,
    hearth: FileSettings.optional(),
  }),
  z.object({
    $schema: z.string().optional(),
    servers: z.union([z.array(named), byName]),
    hearth: FileSettings.optional(),
  }),
])

/** As text, in the project's own format. */
export async function toConfigSchema(): Promise<string> {
  const { $schema, ...schema } = z.toJSONSchema(ConfigFile, { io: 'input' })
  const titled = { $schema, title: 'Hearth configuration', ...schema }
  return format(JSON.stringify(titled), { parser: 'json', printWidth: 100 })
}
