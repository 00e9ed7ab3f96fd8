/** The data folder: the objects' storage, the secrets made on first use, and the lock. */
import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { describeError, Failure } from './failure.ts'

const Secrets = z.strictObject({
  adminToken: z.string().min(32),
  tokenPepper: z.string().min(32),
  token: z.string().min(32),
})
/** `token` is the one that `hearth up` prints. */
export type Secrets = z.infer<typeof Secrets>

export interface DataFolder {
  path: string
  secrets: Secrets
  /** Where the Durable Objects' SQLite files are. */
  storage: string
  /** Installed packages of `npx` and `uvx` servers. */
  cache: string
}

export const LOCAL_TENANT = 'local'

/** Makes what is missing. The same folder gives the same secrets every time. */
export function openDataFolder(path: string): DataFolder {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
    return {
      path,
      secrets: readOrMakeSecrets(join(path, 'secrets.json')),
      storage: join(path, 'storage'),
      cache: join(path, 'cache'),
    }
  } catch (error) {
    if (error instanceof Failure) throw error
    throw new Failure(`cannot use the data folder ${path}: ${describeError(error)}`)
  }
}

function readOrMakeSecrets(path: string): Secrets {
  const text = readIfThere(path)
  if (text === undefined) return makeSecrets(path)
  const parsed = Secrets.safeParse(parseJSON(text))
  if (parsed.success) return parsed.data
  throw new Failure(
    `${path} is damaged: restore it, or remove it to get a new token (the old one then ends)`,
  )
}

function makeSecrets(path: string): Secrets {
  const secrets: Secrets = {
    adminToken: randomBytes(32).toString('hex'),
    tokenPepper: randomBytes(32).toString('hex'),
    token: `hearth_${LOCAL_TENANT}_${randomBytes(4).toString('hex')}_${randomBytes(32).toString('hex')}`,
  }
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
