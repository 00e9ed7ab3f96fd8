/**
 * `prepack`: bundles the command, the host program and the worker into dist/, because Node strips no
 * types under node_modules. Packages stay outside, except in the worker, which has no node_modules.
 */
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { nodeBuild, workerBuild } from './bundles.mjs'
import { rootFolder } from './layout.ts'
import { askGit, commitFile } from './version.ts'

const dist = join(rootFolder, 'dist')
rmSync(dist, { recursive: true, force: true })

const common = { absWorkingDir: rootFolder, outdir: dist, logLevel: 'warning' } as const
await build({
  ...nodeBuild,
  ...common,
  entryPoints: { main: 'cli/main.ts', 'host-program': 'container/main.ts' },
  // What is imported when it is wanted stays a file of its own.
  splitting: true,
  packages: 'external',
})
const commit = askGit()
if (commit !== undefined) writeFileSync(commitFile, `${commit}\n`)
await build({ ...workerBuild, ...common, entryPoints: { worker: 'worker/index.ts' } })
