/** The clients' files that are there, and what they hold. */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { parseDocument } from '../config/document.ts'
import { listServers, type RawServer } from '../config/server-list.ts'
import { toWorkspace } from '../config/workspace.ts'
import { describeError, Failure } from '../failure.ts'
import { clientFiles, CLIENTS, type Client, type Machine } from './client-files.ts'

export interface FoundFile {
  path: string
  /** Absent for a file that was named. */
  client?: Client
  /** Where relative folders of its servers start. */
  folder: string
  servers: RawServer[]
  /** About the file as a whole. */
  notes: string[]
}

type Named = Omit<FoundFile, 'servers' | 'notes'>

/** Bytes; a client's file holds other things, too. */
const MAX_FILE_BYTES = 32 * 1024 * 1024

/** `from`: clients, or paths of files; without one every client. Throws `Failure`. */
export function findFiles(from: readonly string[], cwd: string, machine: Machine): FoundFile[] {
  const found = from.flatMap((one) => findOf(one, cwd, machine))
  return from.length > 0 ? found : findClients(CLIENTS, cwd, machine)
}

function findOf(from: string, cwd: string, machine: Machine): FoundFile[] {
  const client = CLIENTS.find((known) => known === from)
  if (client !== undefined) return findClients([client], cwd, machine)
  if (existsSync(from)) return [readFile({ path: from, folder: dirname(from) }, cwd, machine)]
  throw new Failure(`${from} is no file, and no client: ${CLIENTS.join(', ')}`)
}

function findClients(clients: readonly Client[], cwd: string, machine: Machine): FoundFile[] {
  const paths = clients.flatMap((client) =>
    clientFiles(client, machine).map((path) => ({ path, client })),
  )
  const found = paths
    .filter(({ path }) => existsSync(path))
    .map((one) => readFile({ ...one, folder: machine.home }, cwd, machine))
  if (found.length > 0) return found
  const looked = paths.map(({ path }) => `\n  ${path}`).join('')
  throw new Failure(`no client's file is there; looked for:${looked}`)
}

function readFile(file: Named, cwd: string, { environment }: Machine): FoundFile {
  const { path, client } = file
  const whole = resolve(cwd, path)
  const place = { folder: dirname(whole), workspace: toWorkspace(whole), cwd }
  const document = parseDocument(readText(path), path)
  const { servers, problems, notes } = listServers(document, { ...place, variables: environment })
  // A client's file of settings may be there without a server.
  if (client === undefined && problems.length > 0) {
    throw new Failure(problems.map((problem) => `${path}: ${problem}`).join('\n'))
  }
  return { ...file, servers, notes }
}

function readText(path: string): string {
  try {
    const bytes = readFileSync(path)
    if (bytes.length > MAX_FILE_BYTES) throw new Error(`larger than ${MAX_FILE_BYTES} bytes`)
    return bytes.toString('utf8')
  } catch (error) {
    throw new Failure(`cannot read ${path}: ${describeError(error)}`)
  }
}
