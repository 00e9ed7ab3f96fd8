/** What an import would change: pure, so that it can be shown before anything is. */
import type { ServerConfig } from '#protocol/server-config.ts'
import { isRemote } from '#protocol/server-config.ts'
import { normaliseServer, type Surroundings } from '../config/normalise.ts'
import type { RawServer } from '../config/server-list.ts'
import { extractCredentials, findInArguments, type Credential, type Holder } from './credentials.ts'
import type { FoundFile } from './find-files.ts'

export interface PlanOptions {
  /** Names of servers that are there already. */
  present: ReadonlySet<string>
  /** Names of secrets that are there already. */
  secrets: ReadonlySet<string>
  replaces: boolean
  /** Credentials stay where they are. */
  isPlain: boolean
  /** As it stands in a file: variables are not filled in. */
  isForFile: boolean
  /** The gateway runs on this machine: relative folders mean something there. */
  isHere: boolean
  variables: Surroundings['variables']
}

export interface PlannedServer {
  name: string
  formerName?: string
  from: string
  replaces: boolean
  /** For a gateway. */
  config: ServerConfig
  /** For a file. */
  raw: Record<string, unknown>
  /** Secrets that its client asked for, which have to be set. */
  asks: string[]
  /** What was changed of it. */
  notes: string[]
  /** Its keys that mean nothing here. */
  ignored: string[]
}

export interface Plan {
  servers: PlannedServer[]
  skipped: { name: string; from: string; why: string }[]
  credentials: Credential[]
  warnings: string[]
}

export function planImport(files: FoundFile[], options: PlanOptions): Plan {
  const plan: Plan = { servers: [], skipped: [], credentials: [], warnings: [] }
  const taken = new Map<string, string | undefined>()
  for (const name of options.secrets) taken.set(name, undefined)
  for (const file of files) {
    for (const server of file.servers) planServer(plan, { server, file, taken }, options)
  }
  return plan
}

interface Step {
  server: RawServer
  file: FoundFile
  taken: Map<string, string | undefined>
}

function planServer(plan: Plan, { server, file, taken }: Step, options: PlanOptions): void {
  const { name, formerName, raw, asks, notes, ignored, secretVariables } = server
  const from = file.client ?? file.path
  const skip = (why: string): void => void plan.skipped.push({ name, from, why })
  const twin = plan.servers.find((planned) => planned.name === name)
  if (twin !== undefined) return skip(`another of this name comes from ${twin.from}`)
  const isPresent = options.present.has(name)
  if (isPresent && !options.replaces) return skip('a server of this name is there: --replace')
  const { variables } = options
  const surroundings = { variables, ...(options.isHere && { folder: file.folder }) }
  const { config, problems } = normaliseServer(server, surroundings)
  if (problems !== undefined) return skip(problems.join('; '))
  const kept = {
    name,
    ...(formerName !== undefined && { formerName }),
    from,
    asks,
    notes,
    ignored,
    replaces: isPresent,
  }
  const {
    raw: shownRaw,
    config: shownConfig,
    credentials,
  } = options.isPlain
    ? { raw, config, credentials: [] }
    : takeOut(
        name,
        { raw, config },
        {
          taken,
          isForFile: options.isForFile,
          secretVariables,
        },
      )
  plan.credentials.push(...credentials)
  plan.servers.push({ ...kept, raw: shownRaw, config: shownConfig })
  const flags = isRemote(config) ? [] : findInArguments(config.args)
  if (flags.length === 0) return
  plan.warnings.push(
    `server ${JSON.stringify(name)}: ${flags.join(', ')} looks like a credential, and stays in its args`,
  )
}

/** The credentials of the form that is written; the other one is not used. */
function takeOut(
  server: string,
  { raw, config }: Pick<PlannedServer, 'raw' | 'config'>,
  {
    taken,
    isForFile,
    secretVariables,
  }: { taken: Step['taken']; isForFile: boolean; secretVariables: string[] },
) {
  const form = isForFile ? (raw as Holder) : config
  const { env, headers, credentials } = extractCredentials(server, form, { taken, secretVariables })
  const shown = { ...(env && { env }), ...(headers && { headers }) }
  if (isForFile) return { raw: { ...raw, ...shown }, config, credentials }
  return { raw, config: { ...config, ...shown } as ServerConfig, credentials }
}
