/** Reads a configuration file: `mcpServers` as desktop clients write it, or the list form. */
import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { type ServerConfigs } from '#protocol/server-config.ts'
import type { FileSettings } from './config/file-schema.ts'
import { normaliseServer } from './config/normalise.ts'
import { listServers } from './config/server-list.ts'
import { readSettings } from './config/settings.ts'
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

/** Bytes; a file of this size is not a configuration. */
const MAX_FILE_BYTES = 4 * 1024 * 1024

/** Throws `Failure` whose message has one line for each problem; none of them shows a value of `env`. */
export function readConfigFile(source: ConfigSource): FileConfig {
  const path = resolve(source.path)
  return parseConfig(readText(source.path), { ...source, path })
}

export function parseConfig(text: string, source: ConfigSource): FileConfig {
  const file = parseJSON(text, source.path)
  const { servers, problems } = listServers(file)
  const { dataFolder, environment } = source
  const surroundings =
    dataFolder === undefined
      ? { variables: environment }
      : {
          folder: dirname(source.path),
          variables: { ...environment, HEARTH_DATA: dataFolder },
        }
  const configs: ServerConfigs = {}
  for (const server of servers) {
    const normalised = normaliseServer(server, surroundings)
    if ('config' in normalised) configs[server.name] = normalised.config
    else problems.push(...normalised.problems)
  }
  const names = new Set(servers.map(({ name }) => name))
  const read = readSettings(file, names)
  problems.push(...read.problems)
  if (problems.length > 0) {
    throw new Failure(problems.map((problem) => `${source.path}: ${problem}`).join('\n'))
  }
  return { servers: configs, settings: read.settings }
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

/** The engine's own message quotes the text around the fault, which may be a secret. */
function parseJSON(text: string, path: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''))
  } catch (error) {
    const where = /line \d+ column \d+/.exec(describeError(error))?.[0]
    const hint = 'look for a comment, a trailing comma or a missing quote'
    throw new Failure(
      `${path}: not valid JSON${where === undefined ? '' : ` at ${where}`}; ${hint}`,
    )
  }
}
