import type { BuildOptions } from 'esbuild'
import type { Bundle } from './kept-bundle.mjs'

/** How the worker is bundled, here and for the package. */
export const workerBuild: BuildOptions

/** How the command and the host program are. */
export const nodeBuild: BuildOptions

/**
 * `entry`, a path from `root`, with all that it imports. `file` is where it is kept; absent where nothing
 * can be. Throws with esbuild's messages when a source does not compile.
 */
export function bundleOf(
  root: string,
  entry: string,
  options: BuildOptions,
): Promise<{ text: string; file: string | undefined }>

/** The same without a look at what is kept. */
export function build(root: string, entry: string, options: BuildOptions): Promise<Bundle>
