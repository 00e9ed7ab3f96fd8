#!/usr/bin/env node
/** The `hearth` command, in a checkout and in the published package. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { launch, ROOT } from './launch.mjs'

const source = join(ROOT, 'cli', 'main.ts')
await launch(existsSync(source) ? source : join(ROOT, 'dist', 'main.js'), process.argv.slice(2))
