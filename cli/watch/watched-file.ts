/**
 * Says when a file has become another one. Its folder is watched, since editors replace files, and
 * the folder that a symbolic link leads to.
 */
import { realpathSync, statSync, watch, type FSWatcher } from 'node:fs'
import { dirname } from 'node:path'
import { describeError } from '../failure.ts'

export interface WatchOptions {
  /** The file has not changed for `DEBOUNCE_MS` since it last did; also when it is gone. */
  onChange: () => void
  /** It is not watched any more. */
  onFault: (reason: string) => void
}

/** Longer than an editor takes from its first write to its last. */
const DEBOUNCE_MS = 100

export class WatchedFile {
  readonly #path: string
  readonly #options: WatchOptions
  /** By folder. */
  readonly #watchers = new Map<string, FSWatcher>()
  #print = ''
  #isClosed = false
  #timer: NodeJS.Timeout | undefined

  /** Looks once at first: what changed since the file was read is a change. */
  constructor(path: string, options: WatchOptions) {
    this.#path = path
    this.#options = options
    this.#watchFolders()
    this.#look()
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
    for (const watcher of this.#watchers.values()) watcher.close()
    this.#watchers.clear()
  }

  /** Most events are of other files in the folder. */
  #look(): void {
    const print = fingerprint(this.#path)
    if (this.#isClosed || print === this.#print) return
    this.#print = print
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      this.#watchFolders()
      this.#options.onChange()
    }, DEBOUNCE_MS)
  }

  /** Of the path, and of what it leads to now. */
  #watchFolders(): void {
    const folders = new Set([dirname(this.#path), targetFolder(this.#path)])
    for (const [folder, watcher] of this.#watchers) {
      if (folders.has(folder)) continue
      watcher.close()
      this.#watchers.delete(folder)
    }
    for (const folder of folders) {
      if (folder !== undefined && !this.#watchers.has(folder)) this.#watch(folder)
    }
  }

  #watch(folder: string): void {
    const fail = (error: unknown): void => {
      if (this.#isClosed) return
      this.close()
      this.#options.onFault(describeError(error))
    }
    try {
      const watcher = watch(folder, () => this.#look())
      watcher.on('error', fail)
      watcher.unref()
      this.#watchers.set(folder, watcher)
    } catch (error) {
      fail(error)
    }
  }
}

/** Another one for another content, without reading it. */
function fingerprint(path: string): string {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = statSync(path, { bigint: true })
    return [realpathSync(path), dev, ino, size, mtimeNs, ctimeNs].join(':')
  } catch {
    return 'gone'
  }
}

function targetFolder(path: string): string | undefined {
  try {
    return dirname(realpathSync(path))
  } catch {
    return undefined // gone: its own folder tells when it is there again
  }
}
