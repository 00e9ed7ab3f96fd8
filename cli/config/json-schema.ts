import { format } from 'prettier'
import { z } from 'zod'
import { ConfigFile } from './file-schema.ts'

/** The JSON Schema of a configuration file as text, in the project's own format. */
export async function toConfigSchema(): Promise<string> {
  const { $schema, ...schema } = z.toJSONSchema(ConfigFile, { io: 'input' })
  const titled = { $schema, title: 'Hearth configuration', ...schema }
  return format(JSON.stringify(titled), { parser: 'json', printWidth: 100 })
}
