import { createHash, randomUUID } from 'node:crypto'
import { mkdir, rename, rm, stat, writeFile } from 'node:fs/promises'
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
        await writeFile(join(staging, 'package.json'), '{"private":true}')
        const flags = ['--no-audit', '--no-fund', '--no-package-lock', '--omit=dev']
        await runTool(`installing ${spec}`, {
          file: 'npm',
          args: ['install', '--loglevel=error', ...flags, '--', spec],
          cwd: staging,
          env: this.#options.installEnv,
        })
        await moveInto(folder, staging)
      } finally {
        await rm(staging, { recursive: true, force: true })
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
      })
      await mkdir(ready, { recursive: true })
    })
    return bins
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
