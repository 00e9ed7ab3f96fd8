import type { Log } from '../host/log.ts'
import type { User } from '../host/settings.ts'
import type { Ticket, Turns } from '../supervisor/start-queue.ts'
import type { Redactor } from '#protocol/redaction.ts'

export interface Resolved {
  file: string
  args: string[]
}

/** Who waits for a start, and what it is told of it. */
export interface StartWatch {
  ticket: Ticket
  /** Whether it is still of use to anyone. */
  isWanted(): boolean
  /** `package`: what is installed. */
  onState(state: StartState, packageName?: string): void
}

/** The same of a launch: what is named to people has none of its secrets. */
export interface InstallWatch extends StartWatch {
  redact: Redactor
}

/** `up`: its process takes requests, or waits for something else than a processor. */
export type StartState = 'queued' | 'installing' | 'starting' | 'up'

export interface ResolveOptions {
  /** Where packages are installed that are found nowhere. */
  cacheDir: string
  /** Folders like `node_modules`, searched after those of the working folder. */
  nodeModules: string[]
  /** What package managers need of the host program's own environment. */
  installEnv: Record<string, string>
  /** Whom they run as; absent: as the host program does. */
  serverUser?: User | undefined
  /** Of installations. */
  turns: Turns
  log: Log
}
