/** The clients' files that are there, and what they hold. */
import { existsSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { describeError, Failure } from '../failure.ts'
import { clientFiles, CLIENTS, type Client, type Machine } from './client-files.ts'
import { toPlainJSON } from './plain-json.ts'
import { readServers, type FoundServer } from './read-servers.ts'

export interface FoundFile {
  path: string
  /** Absent for a file that was named. */
  client?: Client
  /** Where relative folders of its servers start. */
  folder: string
  servers: FoundServer[]
}

/** Bytes; a client's file holds other things, too. */
const MAX_FILE_BYTES = 32 * 1024 * 1024

/** `from`: a client, or the path of a file; without it every client. Throws `Failure`. */
export function findFiles(from: string | undefined, cwd: string, machine: Machine): FoundFile[] {
  const client = CLIENTS.find((known) => known === from)
  if (from !== undefined && client === undefined) {
    if (!existsSync(from))
      throw new Failure(`${from} is no file, and no client: ${CLIENTS.join(', ')}`)
    return [readFile({ path: from, folder: dirname(from) }, cwd)]
  }
  const clients = client === undefined ? CLIENTS : [client]
  const paths = clients.flatMap((one) =>
    clientFiles(one, machine).map((path) => ({ path, client: one })),
  )
  const found = paths
    .filter(({ path }) => existsSync(path))
    .map((one) => readFile({ ...one, folder: machine.home }, cwd))
  if (found.length > 0) return found
  const looked = paths.map(({ path }) => `\n  ${path}`).join('')
  throw new Failure(`no client's file is there; looked for:${looked}`)
}

/** The engine's message is not passed on: it quotes the text, which may be a secret. */
function readFile(file: Omit<FoundFile, 'servers'>, cwd: string): FoundFile {
  const { path } = file
  let text: string
  try {
    const bytes = readFileSync(path)
    if (bytes.length > MAX_FILE_BYTES) throw new Error(`larger than ${MAX_FILE_BYTES} bytes`)
    text = bytes.toString('utf8')
  } catch (error) {
    throw new Failure(`cannot read ${path}: ${describeError(error)}`)
  }
  try {
    return { ...file, servers: readServers(JSON.parse(toPlainJSON(text)), cwd) }
  } catch {
    throw new Failure(`cannot read ${path}: it is not valid JSON`)
  }
}
