/** The data folder: the objects' storage, the secrets made on first use, and the lock. */
import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { describeError, Failure } from './failure.ts'

/** One key, or for a rotation several: `2:…,1:…`, the newest first. */
const MASTER_KEY = /^(?:[0-9a-f]{64}|[\w-]{1,32}:[0-9a-f]{64}(?:,[\w-]{1,32}:[0-9a-f]{64})*)$/

const Secrets = z.strictObject({
  adminToken: z.string().min(32),
  tokenPepper: z.string().min(32),
  token: z.string().min(32),
  masterKey: z.string().regex(MASTER_KEY),
})
/** `token` is the one that `hearth up` prints; `masterKey` encrypts the tenants' secrets. */
export type Secrets = z.infer<typeof Secrets>

/** A folder of a version that had no secrets for servers. */
const StoredSecrets = Secrets.partial({ masterKey: true })

export interface DataFolder {
  path: string
  secrets: Secrets
  /** Where the Durable Objects' SQLite files are. */
  storage: string
  /** Installed packages of `npx` and `uvx` servers. */
  cache: string
}

export const LOCAL_TENANT = 'local'

export function makeDataFolder(path: string): void {
  withFolder(path, () => mkdirSync(path, { recursive: true, mode: PRIVATE_FOLDER }))
}

/**
 * Takes what other users of the machine may do in the folder away. True when they could read it until
 * now. A folder that holds other things, too, stays as it is, and what is ours in it is protected alone.
 */
export function protectDataFolder(path: string): boolean {
  return withFolder(path, () => {
    const ours = ['secrets.json', 'endpoint.json', 'storage', 'cache']
    const entries = readdirSync(path)
    const isOursAlone = entries.every((entry) => ours.includes(entry.replace(/\.new$/, '')))
    const storage = join(path, 'storage')
    const wasOpen = [path, storage].every(isOpen) && entries.includes('storage')
    if (isOursAlone) close(path)
    mkdirSync(storage, { recursive: true, mode: PRIVATE_FOLDER })
    close(storage)
    for (const name of ['secrets.json', 'endpoint.json']) close(join(path, name))
    return wasOpen
  })
}

const PRIVATE_FOLDER = 0o700
const OTHERS = 0o077

/** Whether others may do anything with it; false for what is not there. */
function isOpen(path: string): boolean {
  return ((statSync(path, { throwIfNoEntry: false })?.mode ?? 0) & OTHERS) !== 0
}

function close(path: string): void {
  if (isOpen(path)) chmodSync(path, statSync(path).mode & ~OTHERS & 0o777)
}

/**
 * Makes what is missing. The same folder gives the same secrets every time; call it with the lock on
 * the folder, since two at once would each make their own.
 */
export function openDataFolder(path: string): DataFolder {
  makeDataFolder(path)
  return withFolder(path, () => ({
    path,
    secrets: readOrMakeSecrets(join(path, 'secrets.json')),
    storage: join(path, 'storage'),
    cache: join(path, 'cache'),
  }))
}

function withFolder<T>(path: string, use: () => T): T {
  try {
    return use()
  } catch (error) {
    if (error instanceof Failure) throw error
    throw new Failure(`cannot use the data folder ${path}: ${describeError(error)}`)
  }
}

function readOrMakeSecrets(path: string): Secrets {
  const text = readIfThere(path)
  if (text === undefined) return makeSecrets(path)
  const parsed = StoredSecrets.safeParse(parseJSON(text))
  if (parsed.success) {
    const { masterKey, ...others } = parsed.data
    if (masterKey !== undefined) return { ...others, masterKey }
    return writeSecrets(path, { ...others, masterKey: randomBytes(32).toString('hex') })
  }
  throw new Failure(
    `${path} is damaged: restore it, or remove it to get a new token (the old one then ends, and stored secrets are lost)`,
  )
}

function makeSecrets(path: string): Secrets {
  return writeSecrets(path, {
    adminToken: randomBytes(32).toString('hex'),
    tokenPepper: randomBytes(32).toString('hex'),
    token: `hearth_${LOCAL_TENANT}_${randomBytes(4).toString('hex')}_${randomBytes(32).toString('hex')}`,
    masterKey: randomBytes(32).toString('hex'),
  })
}

function writeSecrets(path: string, secrets: Secrets): Secrets {
  // A file that a crash left would keep its mode.
  rmSync(`${path}.new`, { force: true })
  // Written beside and moved: a crash leaves either no file or a whole one.
  writeFileSync(`${path}.new`, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600 })
  renameSync(`${path}.new`, path)
  return secrets
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

function parseJSON(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // damaged: the caller says so
  }
}
