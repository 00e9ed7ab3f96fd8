/**
 * `npm run schema`: writes docs/hearth.schema.json, which editors use for configuration files, and
 * docs/admin-openapi.json.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { toConfigSchema } from './config/json-schema.ts'
import { rootFolder } from './layout.ts'
import { toOpenAPI } from './openapi/document.ts'

writeFileSync(join(rootFolder, 'docs', 'hearth.schema.json'), await toConfigSchema())
writeFileSync(join(rootFolder, 'docs', 'admin-openapi.json'), await toOpenAPI())
