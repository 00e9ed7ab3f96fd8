import type { User } from '../host/settings.ts'

export interface Resolved {
  file: string
  args: string[]
}

export interface ResolveOptions {
  /** Where packages are installed that are found nowhere. */
  cacheDir: string
  /** Folders like `node_modules`, searched after those of the working folder. */
  nodeModules: string[]
  /** What package managers need of the host program's own environment. */
  installEnv: Record<string, string>
  /** Whom they run as; absent: as the host program does. */
  serverUser?: User | undefined
}
