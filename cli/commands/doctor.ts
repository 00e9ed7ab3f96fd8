/** `hearth doctor`: whether this machine can serve, and what to do where it cannot. */
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { print } from '../admin/show.ts'
import { DEFAULT_DATA_FOLDER } from '../admin/destination.ts'
import { checkConfiguration } from '../doctor/configuration.ts'
import { checkDataFolder } from '../doctor/data-folder.ts'
import type { Finding } from '../doctor/finding.ts'
import { checkDisk, checkIsolation, checkMemory } from '../doctor/machine.ts'
import { checkNetwork } from '../doctor/network.ts'
import { checkPort } from '../doctor/port.ts'
import { checkNode, checkPrograms } from '../doctor/programs.ts'
import { findEndpoint } from '../endpoint-file.ts'
import { toTable } from '../table.ts'
import { chooseConfig } from './choose-config.ts'
import { parsePort } from './up-options.ts'

const HELP = `
The options are those of hearth up: it looks at what that would use. It changes nothing, and starts no
server. The exit code is 1 when something is "fail".`

interface DoctorOptions {
  config?: string
  port: number
  host: string
  data: string
  json?: boolean
}

export function addDoctorCommand(program: Command): void {
  program
    .command('doctor')
    .description('Look at this machine: what hearth up and its servers need, and what is missing.')
    .option('--config <file>', 'configuration (default: as hearth up)')
    .option('--port <number>', 'port to listen on', parsePort, 8787)
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--data <folder>', 'storage, secrets and caches', DEFAULT_DATA_FOLDER)
    .option('--json', 'print the findings as one line of JSON')
    .addHelpText('after', HELP)
    .action(examine)
}

async function examine(options: DoctorOptions): Promise<void> {
  const findings = await findAll(options)
  if (options.json) print(`${JSON.stringify({ findings })}\n`)
  else print(toTable(['STATE', 'CHECK', 'FINDING'], findings.map(toRow)))
  if (findings.some(({ state }) => state === 'fail')) process.exitCode = 1
}

async function findAll({ config, port, host, data }: DoctorOptions): Promise<Finding[]> {
  const dataFolder = resolve(data)
  const environment = process.env
  // What is served, and not what would be: whoever asks has a question about that.
  const path = config ?? (await findEndpoint(dataFolder))?.configFile ?? chooseConfig(config)
  const [programs, network, folder, address] = await Promise.all([
    checkPrograms(),
    checkNetwork({ environment }),
    checkDataFolder(dataFolder),
    checkPort({ host, port, dataFolder }),
  ])
  return [
    ...[checkNode(), ...programs, checkMemory(), checkDisk(dataFolder), folder, address],
    ...checkConfiguration({ path, dataFolder, environment }),
    ...[checkIsolation(), ...network],
  ]
}

function toRow({ state, check, text }: Finding): string[] {
  return [state, check, text]
}
