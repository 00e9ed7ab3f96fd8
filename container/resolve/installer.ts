import { createHash, randomUUID } from 'node:crypto'
import { chown, mkdir, readdir, rename, rmdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Installation } from './installation.ts'
import type { InstallWatch, ResolveOptions } from './resolved.ts'
import { runTool } from './run-tool.ts'
import { LONGEST_MS } from './stall.ts'

/** Who needs a package, and whose turn its installation takes. */
export interface Asker {
  cell: object
  watch: InstallWatch
}

/** A package that is installed this soon after another one gets the same versions of what both need. */
const SEED_MS = 600_000

/** Installs packages into the cache, each once and in turns: concurrent askers share one installation. */
export class Installer {
  readonly #options: ResolveOptions
  readonly #running = new Map<string, Installation>()
  /** The folder of npm's last installation. */
  #seed: { folder: string; at: number } | undefined

  constructor(options: ResolveOptions) {
    this.#options = options
    void this.#removeStale()
  }

  /** Returns the folder that has the package in `node_modules`. Rejects with `StartError`. */
  installNpm(asker: Asker, spec: string): Promise<string> {
    const folder = join(this.#options.cacheDir, 'npm', toKey(spec))
    return this.#once({ asker, spec, path: folder }, async () => {
      const staging = `${folder}.${randomUUID()}` // as in `STAGING`
      try {
        await this.#prepare(staging)
        const flags = ['--no-audit', '--no-fund', '--no-package-lock', '--omit=dev']
        await runTool(`installing ${spec}`, {
          file: 'npm',
          args: ['install', '--loglevel=error', ...flags, '--', spec],
          cwd: staging,
          env: this.#options.installEnv,
          user: this.#options.serverUser,
        })
        await moveInto(folder, staging)
        this.#seed = { folder, at: performance.now() }
      } finally {
        await this.#discard(staging)
      }
    })
  }

  /** Returns the folder that has the package's commands. `stamp` changes when it must be installed anew. */
  async installPython(
    asker: Asker,
    spec: string,
    stamp: string,
    options: readonly string[],
  ): Promise<string> {
    const key = toKey(JSON.stringify([spec, stamp, options]))
    const folder = join(this.#options.cacheDir, 'uv', key)
    const bins = join(folder, 'bin')
    const ready = join(folder, 'ready')
    await this.#once({ asker, spec, path: ready }, async () => {
      await mkdir(folder, { recursive: true })
      await this.#give(folder)
      // A tool's environment cannot be moved; uv itself locks the folder while it installs.
      await runTool(`installing ${spec}`, {
        file: 'uv',
        args: ['tool', 'install', '--quiet', '--force', ...options, '--', spec],
        cwd: folder,
        env: {
          ...this.#options.installEnv,
          UV_TOOL_DIR: join(folder, 'tools'),
          UV_TOOL_BIN_DIR: bins,
        },
        user: this.#options.serverUser,
      })
      await mkdir(ready, { recursive: true })
    })
    return bins
  }

  /**
   * A package of its own, so that npm installs here; --prefix would hide the machine's npmrc. Servers have
   * most of their packages in common: npm adds to a copy what is missing, and removes what is not needed.
   */
  async #prepare(staging: string): Promise<void> {
    await mkdir(staging, { recursive: true })
    const manifest = join(staging, 'package.json')
    await writeFile(manifest, '{"private":true}')
    await this.#give(manifest, staging)
    const { folder, at } = this.#seed ?? { folder: '', at: -Infinity }
    if (performance.now() - at > SEED_MS) return
    const { installEnv: env, serverUser: user } = this.#options
    // npm trusts its own record there only while it is as old as the folders.
    const args = ['-RPp', join(folder, 'node_modules'), staging]
    try {
      await runTool('copying packages', { file: 'cp', args, env, user })
    } catch {
      // npm would take half a package for a whole one.
      await this.#discard(staging)
      this.#seed = undefined
      await this.#prepare(staging)
    }
  }

  /** What installations left that ended with their host program. One that runs may be another program's: it is younger. */
  async #removeStale(): Promise<void> {
    const packages = join(this.#options.cacheDir, 'npm')
    const names = await readdir(packages).catch(() => [])
    for (const name of names.filter((one) => STAGING.test(one))) {
      const staging = join(packages, name)
      const found = await stat(staging).catch(() => undefined) // another program was faster
      const ageMs = found === undefined ? 0 : Date.now() - found.mtimeMs
      if (ageMs > LONGEST_MS) await this.#discard(staging)
    }
  }

  /** Package managers write there. The folder above stays the host program's own: nobody swaps what is in it. */
  async #give(...paths: string[]): Promise<void> {
    const { serverUser } = this.#options
    if (serverUser === undefined) return
    for (const path of paths) await chown(path, serverUser.uid, serverUser.gid)
  }

  /** What an installation left is deleted by its own user: a link in it leads that one nowhere new. */
  async #discard(staging: string): Promise<void> {
    if (!(await isThere(staging))) return
    const { installEnv: env, serverUser: user } = this.#options
    const args = [staging, '-mindepth', '1', '-delete']
    await runTool('removing what was left', { file: 'find', args, env, user }).catch(
      () => undefined,
    )
    await rmdir(staging).catch(() => undefined) // somebody still writes there; the disk goes with the container
  }

  async #once({ asker, spec, path }: Wanted, install: () => Promise<void>): Promise<string> {
    if (!this.#running.has(path) && (await isThere(path))) return path
    const running = this.#running.get(path)
    if (running !== undefined) await running.join(asker.watch)
    else await this.#begin({ asker, spec, path }, install)
    return path
  }

  async #begin({ asker, spec, path }: Wanted, install: () => Promise<void>): Promise<void> {
    const installation = new Installation(spec)
    this.#running.set(path, installation)
    const joined = installation.join(asker.watch)
    const over = (): void => void this.#running.delete(path)
    installation.run(this.#options, asker.cell, install).then(over, over)
    await joined
  }
}

interface Wanted {
  asker: Asker
  /** As it is named to people. */
  spec: string
  /** What is there once it is installed. */
  path: string
}

/** Another host program with the same cache may have been faster; its result is as good. */
async function moveInto(folder: string, staging: string): Promise<void> {
  try {
    await rename(staging, folder)
  } catch (error) {
    if (!(await isThere(folder))) throw error
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch {
    return false
  }
}

/** Beside the folder that it becomes: its key, and whose it is. */
const STAGING = /^[0-9a-f]{32}\.[0-9a-f-]{36}$/

function toKey(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32)
}
