/** Commands and folders that are not there: told at the start, not at the first call. */
import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, isAbsolute, join, resolve } from 'node:path'
import { isRemote, type ServerConfigs } from '#protocol/server-config.ts'

export interface MissingCommand {
  server: string
  problem: string
}

/** Started by the host program itself, from what it finds or installs. */
const RESOLVED_LATER = new Set(['npx', 'node'])

export function findMissingCommands(
  servers: ServerConfigs,
  environment: Readonly<Record<string, string | undefined>>,
): MissingCommand[] {
  return Object.entries(servers).flatMap(([server, config]) => {
    if (!config.enabled || isRemote(config)) return []
    const { command, cwd = '.', env } = config
    if (!isFolder(cwd)) return [{ server, problem: `folder not found: ${cwd}` }]
    const path = env.PATH ?? environment.PATH ?? ''
    if (RESOLVED_LATER.has(command) || isCommand(command, cwd, path)) return []
    return [{ server, problem: `command not found: ${command}` }]
  })
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}

function isCommand(command: string, cwd: string, path: string): boolean {
  if (command.includes('/') || isAbsolute(command)) return isExecutable(resolve(cwd, command))
  return path.split(delimiter).some((folder) => isExecutable(join(folder, command)))
}

const SUFFIXES = process.platform === 'win32' ? ['', '.exe', '.cmd', '.bat'] : ['']

function isExecutable(path: string): boolean {
  return SUFFIXES.some((suffix) => {
    try {
      accessSync(path + suffix, constants.X_OK)
      return statSync(path + suffix).isFile()
    } catch {
      return false // not there, or not ours to run
    }
  })
}
