/** Where desktop clients keep the MCP servers of their user, on each system. Pure. */
import { posix, win32 } from 'node:path'

export const CLIENTS = [
  'claude-desktop',
  'claude-code',
  'cursor',
  'vscode',
  'windsurf',
  'zed',
] as const
export type Client = (typeof CLIENTS)[number]

export interface Machine {
  platform: NodeJS.Platform
  home: string
  environment: Readonly<Record<string, string | undefined>>
}

/** The files of a client in the order in which they are looked for; those that are there count. */
export function clientFiles(client: Client, machine: Machine): string[] {
  const { join } = machine.platform === 'win32' ? win32 : posix
  const { home } = machine
  const programs = programFolder(machine)
  switch (client) {
    case 'claude-desktop':
      return [join(programs, 'Claude', 'claude_desktop_config.json')]
    case 'claude-code':
      return [join(home, '.claude.json')]
    case 'cursor':
      return [join(home, '.cursor', 'mcp.json')]
    case 'vscode':
      return ['mcp.json', 'settings.json'].map((name) => join(programs, 'Code', 'User', name))
    case 'windsurf':
      return [join(home, '.codeium', 'windsurf', 'mcp_config.json')]
    case 'zed':
      return [zedFile(machine)]
  }
}

/** Where programs keep what is configured. */
function programFolder({ platform, home, environment }: Machine): string {
  if (platform === 'darwin') return posix.join(home, 'Library', 'Application Support')
  if (platform === 'win32') return environment.APPDATA || win32.join(home, 'AppData', 'Roaming')
  return environment.XDG_CONFIG_HOME || posix.join(home, '.config')
}

/** On macOS it is where it is on Linux. */
function zedFile(machine: Machine): string {
  if (machine.platform === 'win32')
    return win32.join(programFolder(machine), 'Zed', 'settings.json')
  const folder = programFolder({ ...machine, platform: 'linux' })
  return posix.join(folder, 'zed', 'settings.json')
}
