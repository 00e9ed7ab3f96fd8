/** The disk under the data folder, for people: that it gets full, that it is, and which database is damaged. */
import { closeSync, globSync, openSync, readSync, statfsSync } from 'node:fs'
import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import type { Log } from './log.ts'

/** Less than this is told. The objects of one machine rarely need as much in a day. */
const LOW_BYTES = 256 * 1024 * 1024
const LOOK_EVERY_MS = 30_000
/** What is wrong is looked for, and told, this often at most. */
const TELL_EVERY_MS = 60_000
/** Databases that are looked into. */
const MAX_DATABASES = 10_000
const MEGABYTE = 1024 * 1024
const HEADER = 'SQLite format 3\0'

const DAMAGED = /SQLITE_(CORRUPT|NOTADB)/
const FULL = /SQLITE_FULL|ENOSPC/
const DATABASE = /[/\\]hearth-(\w+)[/\\][0-9a-f]{64}\.sqlite$/

/** What goes with a database, by the class of its object. */
const LOSSES: Record<string, string> = {
  Tenant:
    "a tenant's servers, tokens, secrets and audit log: put a copy in its place if there is one",
  LocalServerHost: "a tenant's sessions, which end without it; nothing else is lost",
  Directory:
    'the names of the tenants: `hearth tenants create NAME` for each brings it back as it was',
  RateLimiter: "what a tenant's limits have counted, which begins at zero without it",
}

export interface StorageWatchOptions {
  /** Where the objects' databases are. */
  folder: string
  log: Pick<Log, 'write'>
  /** For tests. */
  lowBytes?: number
}

export class StorageWatch {
  readonly #folder: string
  readonly #log: Pick<Log, 'write'>
  readonly #lowBytes: number
  /** `Date.now()` of the last time, by what was told. */
  readonly #toldAt = new Map<string, number>()
  #isLow = false

  constructor({ folder, log, lowBytes = LOW_BYTES }: StorageWatchOptions) {
    this.#folder = folder
    this.#log = log
    this.#lowBytes = lowBytes
  }

  /** Looks now, and until the signal is aborted. */
  start(signal: AbortSignal): void {
    this.look()
    const timer = setInterval(() => this.look(), LOOK_EVERY_MS)
    timer.unref()
    signal.addEventListener('abort', () => clearInterval(timer), { once: true })
  }

  /** A line that the worker wrote. */
  hear(text: string): void {
    if (FULL.test(text) && this.#mayTell('full')) this.#tellFull()
    if (DAMAGED.test(text) && this.#mayTell('damaged')) void this.#tellDamaged()
  }

  look(): void {
    const free = freeBytes(this.#folder)
    const isLow = free !== undefined && free < this.#lowBytes
    if (isLow === this.#isLow) return
    this.#isLow = isLow
    if (!isLow) return this.#log.write('info', `there is room on the disk of ${this.#folder} again`)
    this.#log.write(
      'warn',
      `the disk of ${this.#folder} is nearly full: ${toMegabytes(free)} are free. ` +
        'Without room no session begins, and no change is stored: delete what is not needed',
    )
  }

  #tellFull(): void {
    const free = toMegabytes(freeBytes(this.#folder) ?? 0)
    this.#log.write(
      'error',
      `the disk of ${this.#folder} is full (${free} free): calls that need to store something are answered ` +
        'with storage_full. Make room; nothing needs to be started again',
    )
  }

  async #tellDamaged(): Promise<void> {
    for (const path of await findDamaged(this.#folder)) {
      const loss = LOSSES[DATABASE.exec(path)?.[1] ?? ''] ?? 'the state of an object'
      this.#log.write(
        'error',
        `the database ${path} is damaged. The rest is served. It has ${loss}. ` +
          'Stop the gateway, move the file away together with its -wal and -shm, and start again',
      )
    }
  }

  #mayTell(what: string): boolean {
    const now = Date.now()
    if (now - (this.#toldAt.get(what) ?? -Infinity) < TELL_EVERY_MS) return false
    this.#toldAt.set(what, now)
    return true
  }
}

/** Those that SQLite cannot read. */
async function findDamaged(folder: string): Promise<string[]> {
  // Only here: not each version of Node that starts a gateway has it.
  const sqlite = await import('node:sqlite').catch(() => undefined)
  const isDamaged = (path: string): boolean =>
    !hasHeader(path) || (sqlite !== undefined && !passesCheck(path, sqlite.DatabaseSync))
  return globSync('do/*/*.sqlite', { cwd: folder })
    .map((path) => join(folder, path))
    .filter((path) => DATABASE.test(path))
    .slice(0, MAX_DATABASES)
    .filter(isDamaged)
}

/** An empty file is a database, too. */
function hasHeader(path: string): boolean {
  const file = openSync(path, 'r')
  try {
    const bytes = Buffer.alloc(HEADER.length)
    const length = readSync(file, bytes, 0, bytes.length, 0)
    return length === 0 || bytes.toString('latin1') === HEADER
  } finally {
    closeSync(file)
  }
}

function passesCheck(path: string, Database: typeof DatabaseSync): boolean {
  try {
    const database = new Database(path, { readOnly: true })
    try {
      const [row] = database.prepare('PRAGMA quick_check(1)').all()
      return row?.quick_check === 'ok'
    } finally {
      database.close()
    }
  } catch (error) {
    return !/malformed|not a database/.test(String(error))
  }
}

function freeBytes(folder: string): number | undefined {
  try {
    const { bavail, bsize } = statfsSync(folder)
    return bavail * bsize
  } catch {
    return undefined // the folder is being made, or is gone
  }
}

function toMegabytes(bytes: number): string {
  return `${(bytes / MEGABYTE).toFixed(1)} MB`
}
