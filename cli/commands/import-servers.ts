/** `hearth servers import`: the servers of the desktop clients of this machine. */
import { homedir } from 'node:os'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { z } from 'zod'
import { openGateway, withGateway, type Gateway, type GatewayOptions } from '../admin/gateway.ts'
import { hint, print, read } from '../admin/show.ts'
import { LOCAL_TENANT } from '../data-folder.ts'
import { Failure } from '../failure.ts'
import { CLIENTS } from '../import/client-files.ts'
import { findFiles, type FoundFile } from '../import/find-files.ts'
import { openLocalFile } from '../import/local-file.ts'
import { planImport, type Plan, type PlanOptions } from '../import/plan.ts'
import { toImportLine, toImportText } from '../import/report.ts'

const ServerNames = z.looseObject({ servers: z.record(z.string(), z.unknown()) })
const SecretNames = z.looseObject({ secrets: z.array(z.looseObject({ name: z.string() })) })

interface ImportOptions extends GatewayOptions {
  from?: string[]
  to?: string
  dryRun?: boolean
  replace?: boolean
  plain?: boolean
}

const HELP = `
Values in env and headers that look like credentials become secrets of the tenant, and references
stand in their place; --plain keeps them as they are. Files of clients are read, never changed.

Examples:
  hearth servers import --dry-run
  hearth servers import --from claude-desktop --to hearth.json
  hearth servers import --from ./.vscode/mcp.json --tenant acme`

export function addImportCommand(servers: Command): void {
  withGateway(
    servers
      .command('import')
      .description('Take over the servers of desktop clients.')
      .option(
        '--from <client>',
        `${CLIENTS.join(', ')}, or a file; may stand more than once (default: every client)`,
        (one: string, all: string[] = []) => [...all, one],
      )
      .option('--to <file>', 'add them to a configuration file in the place of a gateway')
      .option('--dry-run', 'say what would be done, and change nothing')
      .option('--replace', 'also servers whose names are there already')
      .option('--plain', 'keep credentials where they are')
      .addHelpText('after', HELP),
  ).action(importServers)
}

async function importServers(options: ImportOptions): Promise<void> {
  const { from = [], to, dryRun = false } = options
  const machine = { platform: process.platform, home: homedir(), environment: process.env }
  const files = findFiles(from, process.cwd(), machine)
  const { plan, target } =
    to === undefined
      ? await importToGateway(files, options)
      : await importToFile(files, to, options)
  const imported = { files, plan, target, isDryRun: dryRun }
  plan.warnings.forEach(hint)
  print(options.json ? toImportLine(imported) : toImportText(imported))
}

interface Outcome {
  plan: Plan
  target: string
}

async function importToGateway(files: FoundFile[], options: ImportOptions): Promise<Outcome> {
  const gateway = await openGateway(options)
  const { api, path, tenant, dataFolder } = gateway
  const { servers } = read(ServerNames, await api.send({ path: path('servers') }))
  const secrets = options.plain ? new Set<string>() : await secretNames(gateway)
  const present = new Set(Object.keys(servers))
  const known = { present, secrets, isForFile: false, isHere: dataFolder !== undefined }
  const plan = planImport(files, toPlanOptions(options, known))
  const target = `tenant ${tenant}`
  if (options.dryRun || plan.servers.length === 0) return { plan, target }
  await putSecrets(gateway, plan)
  const added = Object.fromEntries(plan.servers.map(({ name, config }) => [name, config]))
  await api.send({ method: 'PUT', path: path('servers'), body: { ...servers, ...added } })
  if (dataFolder !== undefined && tenant === LOCAL_TENANT) {
    hint('hearth up sets the servers of local from its file: --to FILE adds them there')
  }
  return { plan, target }
}

async function importToFile(
  files: FoundFile[],
  to: string,
  options: ImportOptions,
): Promise<Outcome> {
  const file = openLocalFile(to)
  const planWith = (secrets: ReadonlySet<string>): Plan =>
    planImport(
      files,
      toPlanOptions(options, { present: file.names, secrets, isForFile: true, isHere: true }),
    )
  const first = planWith(new Set())
  const target = resolve(to)
  if (options.dryRun || first.servers.length === 0) return { plan: first, target }
  const gateway = first.credentials.length > 0 ? await openSecrets(options) : undefined
  const plan = gateway === undefined ? first : planWith(await secretNames(gateway))
  if (gateway !== undefined) await putSecrets(gateway, plan)
  file.add(plan.servers)
  return { plan, target }
}

/** A file refers to secrets that a gateway has. */
async function openSecrets(options: ImportOptions): Promise<Gateway> {
  try {
    return await openGateway(options)
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    const why = 'credentials become secrets of a gateway; --plain keeps them in the file'
    throw new Failure(`${error.message}\n${why}`, error.exitCode)
  }
}

async function secretNames({ api, path }: Gateway): Promise<Set<string>> {
  const { secrets } = read(SecretNames, await api.send({ path: path('secrets') }))
  return new Set(secrets.map(({ name }) => name))
}

/** Before the servers, which refer to them. */
async function putSecrets({ api, path }: Gateway, { credentials }: Plan): Promise<void> {
  const values = new Map(credentials.map(({ name, value }) => [name, value]))
  for (const [name, value] of values) {
    await api.send({ method: 'PUT', path: path('secrets', name), body: { value } })
  }
}

function toPlanOptions(
  { replace = false, plain = false }: ImportOptions,
  known: Pick<PlanOptions, 'present' | 'secrets' | 'isForFile' | 'isHere'>,
): PlanOptions {
  return { ...known, replaces: replace, isPlain: plain, variables: process.env }
}
