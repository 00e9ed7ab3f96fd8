/**
 * The link: one WebSocket between a ServerHost object and its host program.
 *
 * Every WebSocket message is one frame: a 20-byte header, a small JSON `meta`, and a payload that
 * is a JSON-RPC message exactly as it came (or a piece of one). The Durable Object dials.
 *
 * - A **channel** is one process as seen from the object. The object numbers channels from 1;
 *   number 0 is the link itself. A channel's `key` is the object's own name for it and survives the object.
 * - Sequenced frames (all but `hello` and `ack`) carry `seq` 1, 2, 3 … per direction, and `ack`, the
 *   highest `seq` received in order. Both sides keep what is not acknowledged and send it again
 *   when the link is resumed; a `seq` that was received already is dropped.
 * - A worker is deployed before its image: a receiver ignores frame types and meta members that it
 *   does not know, and `hello` settles on the highest version both sides list.
 */

import type { ErrorCode } from './errors.ts'
import type { Pool } from './remote/pool.ts'

export const LINK_VERSION = 1
export const LINK_PATH = '/link'
export const HEADER_BYTES = 20

/**
 * Ids of requests that ask whether a server answers begin so. They, and what answers them, do not
 * count as use of a process: it ends as soon as it would without them.
 */
export const PROBE_ID = 'hearth:probe:'

export function isProbeId(id: string | number | null | undefined): boolean {
  return typeof id === 'string' && id.startsWith(PROBE_ID)
}

/** Largest piece of a payload in one frame: keeps one large result from blocking small ones. */
export const MAX_CHUNK_BYTES = 512 * 1024

export const FRAME = {
  /** Both ways, first on a connection, not sequenced. Meta: `HelloMeta` or `WelcomeMeta`. */
  hello: 1,
  /** Both ways, not sequenced: only the header's `ack` counts. */
  ack: 2,
  /** Object → host: all launch specs of the tenant. Meta: `ConfigureMeta`. Replaces what was sent before. */
  configure: 3,
  /** Object → host: give me a process. Meta: `OpenMeta`. Answered by `opened` or `refused`. */
  open: 4,
  /** Host → object. Meta: `OpenedMeta`. */
  opened: 5,
  /** Host → object: no process; the channel is over. Meta: `RefusedMeta`. */
  refused: 6,
  /**
   * Both ways: one JSON-RPC message, or a piece of it when `FLAG.more` is set. The first piece has
   * `MessageMeta`, object → host `SentMeta`.
   */
  message: 7,
  /** Object → host: end the process; answered by `exit`. No meta. */
  close: 8,
  /** Host → object: the process is gone, whatever the reason; the channel is over. Meta: `ExitMeta`. */
  exit: 9,
  /** Host → object: a line was discarded because it was over the limit. Meta: `OversizeMeta`. */
  oversize: 10,
  /** Host → object, before `exit`: a request that came when the process read no more. Meta: `UndeliveredMeta`. */
  undelivered: 11,
  /** Host → object: a request gets no answer, the others go on. Meta: `FailedMeta`. */
  failed: 12,
  /** Host → object: it ends once the requests in flight are answered, and takes no others. No meta. */
  draining: 13,
  /** Host → object, on channel 0: what the processes of a launch do. Meta: `LaunchMeta`. */
  launch: 14,
  /** Object → host: somebody waits for this channel by now. Meta: `HurryMeta`. */
  hurry: 15,
  /** Host → object, on channel 0: a server does not start, or does again. Meta: `StartFailedMeta`. */
  startFailed: 16,
  /** Host → object: what a process has printed that has not answered yet, as of now. Meta: `Why`. */
  printed: 17,
} as const

export type FrameType = (typeof FRAME)[keyof typeof FRAME]

export const FLAG = {
  /** More pieces of this payload follow on this channel. */
  more: 1,
  /** Sent again after the object was replaced: the former object may have received it. */
  replayed: 2,
} as const

export interface Frame {
  type: number
  flags: number
  seq: number
  ack: number
  channel: number
  meta: unknown
  payload: Uint8Array
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

const encoder = new TextEncoder()
const decoder = new TextDecoder()
const EMPTY = new Uint8Array(0)

export interface FrameFields {
  type: number
  channel: number
  seq?: number
  ack?: number
  flags?: number
  meta?: unknown
  payload?: Uint8Array
}

/** Layout, big endian: version u8, type u8, flags u16, seq u32, ack u32, channel u32, meta length u32. */
export function encodeFrame(frame: FrameFields): Uint8Array {
  const meta = frame.meta === undefined ? EMPTY : encoder.encode(JSON.stringify(frame.meta))
  const payload = frame.payload ?? EMPTY
  const bytes = new Uint8Array(HEADER_BYTES + meta.length + payload.length)
  const view = new DataView(bytes.buffer)
  view.setUint8(0, LINK_VERSION)
  view.setUint8(1, frame.type)
  view.setUint16(2, frame.flags ?? 0)
  view.setUint32(4, frame.seq ?? 0)
  view.setUint32(8, frame.ack ?? 0)
  view.setUint32(12, frame.channel)
  view.setUint32(16, meta.length)
  bytes.set(meta, HEADER_BYTES)
  bytes.set(payload, HEADER_BYTES + meta.length)
  return bytes
}

/** Sets `ack` in a frame that is encoded already: what is sent again acknowledges anew. */
export function stampAck(bytes: Uint8Array, ack: number): void {
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(8, ack)
}

/** Throws `RangeError` for bytes that are no frame. The payload is a view, not a copy. */
export function decodeFrame(bytes: Uint8Array): Frame {
  if (bytes.length < HEADER_BYTES) throw new RangeError(`link frame of ${bytes.length} bytes`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const metaLength = view.getUint32(16)
  const payloadAt = HEADER_BYTES + metaLength
  if (payloadAt > bytes.length) throw new RangeError(`link frame meta of ${metaLength} bytes`)
  return {
    type: view.getUint8(1),
    flags: view.getUint16(2),
    seq: view.getUint32(4),
    ack: view.getUint32(8),
    channel: view.getUint32(12),
    meta:
      metaLength === 0
        ? undefined
        : JSON.parse(decoder.decode(bytes.subarray(HEADER_BYTES, payloadAt))),
    payload: bytes.subarray(payloadAt),
  }
}
