/** `npm run schema`: writes docs/hearth.schema.json, which editors use for configuration files. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { toConfigSchema } from './config/json-schema.ts'
import { rootFolder } from './layout.ts'

writeFileSync(join(rootFolder, 'docs', 'hearth.schema.json'), await toConfigSchema())
