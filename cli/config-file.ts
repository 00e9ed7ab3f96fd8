/** Reads a configuration file, in the form of Hearth or of another client. */
import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { StdioConfig, type ServerConfigs } from '#protocol/server-config.ts'
import { parseDocument } from './config/document.ts'
import type { FileSettings } from './config/file-schema.ts'
import { normaliseServer } from './config/normalise.ts'
import type { Noted } from './config/note-lines.ts'
import { listServers, type RawServer } from './config/server-list.ts'
import { readSettings } from './config/settings.ts'
import { toWorkspace } from './config/workspace.ts'
import { describeError, Failure } from './failure.ts'

export interface ConfigSource {
  path: string
  /**
   * The data folder, absolute: `${HEARTH_DATA}` in the file. Absent for a gateway elsewhere, where
   * the folders of this machine mean nothing: working folders then stay as they are written.
   */
  dataFolder?: string
  environment: Readonly<Record<string, string | undefined>>
}

/** What a file says of a tenant. */
export interface FileConfig {
  servers: ServerConfigs
  settings: FileSettings
}

export interface ReadConfig extends FileConfig {
  /** Servers that are left out, each with what is wrong with it. */
  refused: { name: string; problems: string[] }[]
  /** What of servers was read in another way than it is written, and what was ignored. */
  noted: Noted[]
  /** The same about the file as a whole. */
  notes: string[]
  /** Absolute paths of what `envFile` names, whether or not it can be read. */
  envFiles: string[]
  /** Secrets that have to be set before a server starts. */
  asks: { server: string; secret: string }[]
}

/** Bytes; a client keeps other things in its file, too. */
const MAX_FILE_BYTES = 32 * 1024 * 1024

/**
 * Throws `Failure` for a file that cannot be read, whose settings are wrong, or no server of which can be
 * used: its message has one line for each problem. None of them shows a value of `env`.
 */
export function readConfigFile(source: ConfigSource): ReadConfig {
  const path = resolve(source.path)
  return parseConfig(readText(source.path), { ...source, path })
}

export function parseConfig(text: string, source: ConfigSource): ReadConfig {
  const { path, dataFolder, environment } = source
  const file = parseDocument(text, path)
  const isHere = dataFolder !== undefined
  const variables = isHere ? { ...environment, HEARTH_DATA: dataFolder } : environment
  const surroundings = { variables, ...(isHere && { folder: dirname(path) }) }
  const place = { folder: dirname(path), workspace: toWorkspace(path), cwd: process.cwd() }
  const list = listServers(file, { ...place, variables })
  const servers: ServerConfigs = {}
  const taken: RawServer[] = []
  const refused: ReadConfig['refused'] = []
  for (const server of list.servers) {
    const { config, problems } = normaliseServer(server, surroundings)
    if (problems === undefined) {
      servers[server.name] = config
      taken.push(server)
    } else refused.push({ name: server.name, problems })
  }
  const read = readSettings(file, new Set(list.servers.map(({ name }) => name)))
  const problems = [...list.problems, ...read.problems]
  const isEmpty = refused.length > 0 && Object.keys(servers).length === 0
  if (problems.length > 0 || isEmpty) {
    const all = [...refused.flatMap((server) => server.problems), ...problems]
    throw new Failure(all.map((problem) => `${path}: ${problem}`).join('\n'))
  }
  Object.assign(servers, standIns(refused, read.settings))
  const asks = taken.flatMap(({ name, asks: secrets }) => {
    return secrets.map((secret) => ({ server: name, secret }))
  })
  const envFiles = [...new Set(list.servers.flatMap(({ envFile = [] }) => envFile))]
  return {
    servers,
    settings: read.settings,
    envFiles,
    refused,
    noted: taken,
    notes: list.notes,
    asks,
  }
}

/** Routes may name a server that is left out: it is there, and off, so that they fail over, or say so. */
function standIns(refused: ReadConfig['refused'], { routes }: FileSettings): ServerConfigs {
  const targets = new Set(routes.flatMap((route) => route.servers.map(({ server }) => server)))
  const named = refused.filter(({ name }) => targets.has(name))
  const off = StdioConfig.parse({ command: 'left-out', enabled: false })
  return Object.fromEntries(named.map(({ name }) => [name, off]))
}

function readText(path: string): string {
  try {
    const bytes = readFileSync(path)
    if (bytes.length > MAX_FILE_BYTES) throw new Error(`larger than ${MAX_FILE_BYTES} bytes`)
    return bytes.toString('utf8')
  } catch (error) {
    throw new Failure(`cannot read the configuration ${path}: ${describeError(error)}`)
  }
}
