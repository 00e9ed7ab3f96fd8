/** What is started for a launch: `npx` and `uvx` are looked up once, then left out. */
import { BoundedMap } from '#protocol/bounded-map.ts'
import { Installer, type Asker } from './installer.ts'
import { resolveNpx } from './npx.ts'
import { resolveUvx } from './uvx.ts'
import type { InstallWatch, Resolved, ResolveOptions } from './resolved.ts'
import type { ProcessLaunch } from '#protocol/link.ts'

/** Answers that are kept; with more the oldest is looked up again. */
const MAX_KEPT = 1_024

export class CommandResolver {
  readonly #options: ResolveOptions
  readonly #installer: Installer
  readonly #kept = new BoundedMap<string, Resolved>(MAX_KEPT)

  constructor(options: ResolveOptions) {
    this.#options = options
    this.#installer = new Installer(options)
  }

  /** Rejects with `StartError`. A failure is not kept: the next start tries again. `cell`: whose turn it is. */
  async resolve(launch: ProcessLaunch, cell: object, watch: InstallWatch): Promise<Resolved> {
    const kept = this.#kept.get(launch.digest)
    if (kept !== undefined) return kept
    const resolved = await this.#lookUp(launch, { cell, watch })
    this.#kept.set(launch.digest, resolved)
    return resolved
  }

  async #lookUp(launch: ProcessLaunch, asker: Asker): Promise<Resolved> {
    const { command, args } = launch
    if (command === 'node') return { file: process.execPath, args }
    if (command === 'npx') {
      const install = (spec: string) => this.#installer.installNpm(asker, spec)
      const found = await resolveNpx(launch, this.#options.nodeModules, install)
      if (found !== undefined) return found
    }
    if (command === 'uvx') {
      const found = await resolveUvx(launch, (...what) =>
        this.#installer.installPython(asker, ...what),
      )
      if (found !== undefined) return found
    }
    return { file: command, args }
  }
}
