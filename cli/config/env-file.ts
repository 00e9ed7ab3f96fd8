/** `envFile` of VS Code and Cursor: variables for a server, in a file of their own. */
import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseEnv } from 'node:util'
import { describeError } from '../failure.ts'

const MAX_ENV_FILE_BYTES = 1_048_576

/** A relative path starts at `folder`. */
export function locateEnvFile(path: string, folder: string): string {
  return path.startsWith('~/') ? join(homedir(), path.slice(2)) : resolve(folder, path)
}

/** The message of what it throws has no value in it. */
export function readEnvFile(file: string): Record<string, string> {
  try {
    const bytes = readFileSync(file)
    if (bytes.length > MAX_ENV_FILE_BYTES)
      throw new Error(`larger than ${MAX_ENV_FILE_BYTES} bytes`)
    const variables = Object.entries(parseEnv(bytes.toString('utf8')))
    return Object.fromEntries(
      variables.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
    )
  } catch (error) {
    throw new Error(`cannot read ${file}: ${describeError(error)}`)
  }
}
