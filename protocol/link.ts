/**
 * The link: one WebSocket between a ServerHost object and its host program. What its frames say; their bytes
 * are link/frame.ts, and how both ends number and keep them is link/end.ts. The Durable Object dials.
 *
 * - A **channel** is one process as seen from the object. The object numbers channels from 1;
 *   number 0 is the link itself. A channel's `key` is the object's own name for it and survives the object.
 * - A worker is deployed before its image: a receiver ignores frame types and meta members that it
 *   does not know, and `hello` settles on the highest version both sides list.
 */

import type { ErrorCode } from './errors.ts'
import type { Pool } from './remote/pool.ts'

/**
 * Ids of requests that ask whether a server answers begin so. They, and what answers them, do not
 * count as use of a process: it ends as soon as it would without them.
 */
export const PROBE_ID = 'hearth:probe:'

export function isProbeId(id: string | number | null | undefined): boolean {
  return typeof id === 'string' && id.startsWith(PROBE_ID)
}

/**
 * How to run one server; `digest` names exactly this command, arguments, environment and folder, or
 * this remote server. It is held in memory alone: neither end writes it anywhere.
 */
export type Launch = ProcessLaunch | RemoteLaunch

interface LaunchBounds {
  name: string
  digest: string
  /** Plain values in it that must not be seen in the console, a log or an error. */
  secrets?: string[]
  /** Spare processes to keep started and un-initialised. A remote server has none. */
  warm: number
  /** So many only while it is in use lately, and as far as memory goes. An older host program keeps them always. */
  isAdaptive?: true
  /** How long ago it was used last; absent: never. Milliseconds. */
  usedMsAgo?: number
  /** Most processes of this server at once, spares included. */
  maxProcesses: number
  /** A process with no call in flight and no message for this long is ended. Milliseconds. */
  idleTimeoutMs: number
  /** A process this old is ended at its next idle moment. Milliseconds. */
  maxLifetimeMs: number
}

/** A stdio server. */
export interface ProcessLaunch extends LaunchBounds {
  command: string
  args: string[]
  env: Record<string, string>
  cwd?: string
  remote?: never
}

/** A server that the host program reaches over the network: a session with it stands for a process. */
export interface RemoteLaunch extends LaunchBounds {
  remote: {
    url: string
    headers: Record<string, string>
    transport: 'http' | 'sse' | 'websocket'
    /** Whether its address may be one that is not on the public internet. */
    allowPrivate: boolean
    pool: Pool
  }
}

export interface HelloMeta {
  versions: number[]
  /** Random for each life of the object: a host that knows it resumes, one that does not begins anew. */
  epoch: string
}

/** A channel that a former object opened. */
export interface FormerChannel {
  channel: number
  key: string
  server: string
  digest: string
  /** Whether the process has answered anything there: what has not may not be initialised. Absent: an older host program. */
  hasAnswered?: boolean
}

export interface WelcomeMeta {
  version: number
  /** Random for each life of the host program: a change means that all processes are gone. */
  instance: string
  /** True when both sides go on with the sequence numbers they had. */
  resumed: boolean
  /** As the frame `draining`, for an object that was not connected when it came. */
  isDraining?: true
  /** Every live channel, so that a new object can adopt them. */
  channels: FormerChannel[]
}

export interface ConfigureMeta {
  launches: ProcessLaunch[]
  /** A host program that knows none refuses to open them, and has the others all the same. */
  remotes?: RemoteLaunch[]
}

export interface OpenMeta {
  /** The object's own name for this channel, e.g. `session:{id}`; unique among live channels. */
  key: string
  server: string
  /**
   * Whose the process is: a principal, or '' for everyone's. It decides whose idle process gives way to
   * it, and the reverse, and is written nowhere. Absent: nobody's, or an older object.
   */
  owner?: string
  /** Absent: as of a call, or an older object. */
  urgency?: Urgency
}

/** Whether somebody uses the server by it: what is nobody's, and a list, is asked by Hearth itself. */
export function isUse(opened: { owner?: string | undefined; urgency?: Urgency }): boolean {
  const { owner, urgency = URGENCY.call } = opened
  return owner !== undefined && urgency === URGENCY.call
}

/** Who waits for a process: the more urgent starts first. */
export const URGENCY = {
  /** Nobody: it is started before anyone asks. */
  none: 0,
  /** A client that lists what there is. */
  list: 1,
  /** A call. */
  call: 2,
} as const

export type Urgency = (typeof URGENCY)[keyof typeof URGENCY]

export interface HurryMeta {
  urgency: Urgency
  /** Whose the process is by now, where it was nobody's. */
  owner?: string
}

export interface LaunchMeta {
  /** The launch's name. */
  server: string
  /**
   * Of a start that is under way: it waits for its turn, its package is installed, or its process does
   * not take requests yet. Otherwise whether there is a process. An unknown state is `up`.
   */
  state: 'queued' | 'installing' | 'starting' | 'up' | 'resting'
  /** What is installed. */
  package?: string
  /** Those that run, spares among them. */
  processes: number
  spares: number
}

export interface OpenedMeta {
  pid: number
  /** True when the process was a spare. */
  warm: boolean
}

/** Why a server does not start. Public: the launch's secrets are taken out. */
export interface Why {
  detail?: string
  /** The last lines that it printed. */
  output?: string[]
  /** What to do about it. */
  hint?: string
}

export interface StartFailedMeta extends Why {
  /** The launch's name. */
  server: string
  /** Of the launch. */
  digest: string
  /** It has started since. */
  isOver?: true
}

export interface RefusedMeta extends Why {
  code:
    | 'server_not_found'
    | 'server_start_failed'
    | 'server_crash_loop'
    | 'server_busy'
    | 'shutting_down'
  retryAfterMs?: number
}

/** Object → host, of a request and of its cancellation. A host program that does not know it ignores it. */
export interface SentMeta {
  /**
   * The object's name for the request, which no other one has, of this object's life or another's. It
   * comes back with what is about the request: ids are their clients' choice, and occur again.
   */
  call?: string
  /** The process serves several callers: what names no request may be about any of theirs. */
  shared?: true
}

/** Host → object: the envelope of the message that the payload is. */
export interface MessageMeta {
  kind: 'request' | 'notification' | 'response'
  /** Of a notification: that of the request that it is about. */
  id?: string | number | null
  /** `SentMeta.call` of the request that it answers, or is about. */
  call?: string
  method?: string
  /** True for a response that carries an error. */
  failed?: boolean
  /** For a response to a request that was seen: milliseconds from stdin to stdout. */
  ms?: number
}

/**
 * `detail`: why a remote session ended, that memory had run out, or with what words it crashed. `output`
 * and `hint` are told of a process that has served one caller at most.
 */
export interface ExitMeta extends Why {
  exitCode: number | null
  signal: string | null
  reason: 'crashed' | 'closed' | 'idle' | 'lifetime' | 'shutdown'
}

export interface UndeliveredMeta {
  /** The request's: the process has not seen it, so it may be sent to another one. */
  id: string | number
  call?: string
}

export interface FailedMeta {
  /** The request's. Unless the code says so, the server may have carried it out. */
  id: string | number
  call?: string
  code: ErrorCode
  /** Public. */
  detail?: string
  retryAfterMs?: number
}

export interface OversizeMeta {
  /** The response's id, where the discarded line's edges showed it. */
  id?: string | number
  call?: string
  maxBytes: number
}
