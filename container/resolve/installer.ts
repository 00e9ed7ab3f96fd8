import { createHash, randomUUID } from 'node:crypto'
import { chown, mkdir, rename, rmdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ResolveOptions } from './resolved.ts'
import { runTool } from './run-tool.ts'

/** Installs packages into the cache, each once: concurrent askers share one installation. */
export class Installer {
  readonly #options: ResolveOptions
  readonly #running = new Map<string, Promise<string>>()

  constructor(options: ResolveOptions) {
    this.#options = options
  }

  /** Returns the folder that has the package in `node_modules`. Rejects with `StartError`. */
  installNpm(spec: string): Promise<string> {
    const folder = join(this.#options.cacheDir, 'npm', toKey(spec))
    return this.#once(folder, async () => {
      const staging = `${folder}.${randomUUID()}`
      try {
        await mkdir(staging, { recursive: true })
        // A package of its own, so that npm installs here; --prefix would hide the machine's npmrc.
        const manifest = join(staging, 'package.json')
        await writeFile(manifest, '{"private":true}')
        await this.#give(manifest, staging)
        const flags = ['--no-audit', '--no-fund', '--no-package-lock', '--omit=dev']
        await runTool(`installing ${spec}`, {
          file: 'npm',
          args: ['install', '--loglevel=error', ...flags, '--', spec],
          cwd: staging,
          env: this.#options.installEnv,
          user: this.#options.serverUser,
        })
        await moveInto(folder, staging)
      } finally {
        await this.#discard(staging)
      }
    })
  }

  /** Returns the folder that has the package's commands. `stamp` changes when it must be installed anew. */
  async installPython(spec: string, stamp: string, options: readonly string[]): Promise<string> {
    const key = toKey(JSON.stringify([spec, stamp, options]))
    const folder = join(this.#options.cacheDir, 'uv', key)
    const bins = join(folder, 'bin')
    const ready = join(folder, 'ready')
    await this.#once(ready, async () => {
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

  #once(path: string, install: () => Promise<void>): Promise<string> {
    const running = this.#running.get(path)
    if (running !== undefined) return running
    const started = this.#unlessThere(path, install).finally(() => this.#running.delete(path))
    this.#running.set(path, started)
    return started
  }

  async #unlessThere(path: string, install: () => Promise<void>): Promise<string> {
    if (!(await isThere(path))) await install()
    return path
  }
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

function toKey(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32)
}
