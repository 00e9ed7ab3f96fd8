/** Watches a configuration file, and the files of variables that it names as long as it does. */
import { WatchedFile } from './watched-file.ts'

export interface WatchedFilesOptions {
  /** One of them may have changed. */
  onChange: () => void
  /** Its changes need a restart. */
  onFault: (path: string, reason: string) => void
}

/** Files of variables; what a file names beyond is not watched. */
const MAX_ENV_FILES = 64

export class WatchedFiles {
  readonly #options: WatchedFilesOptions
  readonly #config: WatchedFile
  /** By path. One that cannot be watched stays, so that it is told once. */
  readonly #envFiles = new Map<string, WatchedFile>()
  /** The first that is not watched, as it was told. */
  #beyond: string | undefined

  constructor(path: string, options: WatchedFilesOptions) {
    this.#options = options
    this.#config = this.#watch(path)
  }

  /** What the configuration file names now. */
  follow(envFiles: readonly string[]): void {
    const wanted = new Set(envFiles.slice(0, MAX_ENV_FILES))
    for (const [path, file] of this.#envFiles) {
      if (wanted.has(path)) continue
      file.close()
      this.#envFiles.delete(path)
    }
    for (const path of wanted) {
      if (!this.#envFiles.has(path)) this.#envFiles.set(path, this.#watch(path))
    }
    const [beyond] = envFiles.slice(MAX_ENV_FILES)
    if (beyond !== undefined && beyond !== this.#beyond) {
      this.#options.onFault(beyond, `it comes after ${MAX_ENV_FILES} others`)
    }
    this.#beyond = beyond
  }

  close(): void {
    this.#config.close()
    for (const file of this.#envFiles.values()) file.close()
    this.#envFiles.clear()
  }

  #watch(path: string): WatchedFile {
    const { onChange, onFault } = this.#options
    return new WatchedFile(path, { onChange, onFault: (reason) => onFault(path, reason) })
  }
}
