/**
 * `prepack`: bundles the command, the host program and the worker into dist/, because Node strips no
 * types under node_modules. Packages stay outside, except in the worker, which has no node_modules.
 */
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { rootFolder } from './layout.ts'
import { workerBuild } from './runtime/worker-bundle.ts'
import { askGit, commitFile } from './version.ts'

const dist = join(rootFolder, 'dist')
rmSync(dist, { recursive: true, force: true })

await build({
  absWorkingDir: rootFolder,
  entryPoints: { main: 'cli/main.ts', 'host-program': 'container/main.ts' },
  outdir: dist,
  bundle: true,
  // What is imported when it is wanted stays a file of its own.
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node22',
  packages: 'external',
  logLevel: 'warning',
})
const commit = askGit()
if (commit !== undefined) writeFileSync(commitFile, `${commit}\n`)
await build({ ...workerBuild, entryPoints: { worker: 'worker/index.ts' }, outdir: dist })
