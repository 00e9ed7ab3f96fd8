/**
 * A frame of the link, and its bytes: a 20-byte header, a small JSON `meta`, and a payload that is a JSON-RPC
 * message exactly as it came (or a piece of one). Sequenced frames (all but `hello` and `ack`) carry `seq`
 * 1, 2, 3 … per direction, and `ack`, the highest `seq` received in order.
 */

export const LINK_VERSION = 1
export const LINK_PATH = '/link'
export const HEADER_BYTES = 20

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

const encoder = new TextEncoder()
const decoder = new TextDecoder()
const EMPTY = new Uint8Array(0)

const FLAGS_AT = 2
const SEQ_AT = 4
const ACK_AT = 8
const CHANNEL_AT = 12
const META_LENGTH_AT = 16

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
export function encodeFrame(
  frame: FrameFields,
  seq = frame.seq ?? 0,
  ack = frame.ack ?? 0,
): Uint8Array {
  const meta = frame.meta === undefined ? EMPTY : encoder.encode(JSON.stringify(frame.meta))
  const payload = frame.payload ?? EMPTY
  const bytes = new Uint8Array(HEADER_BYTES + meta.length + payload.length)
  const view = new DataView(bytes.buffer)
  view.setUint8(0, LINK_VERSION)
  view.setUint8(1, frame.type)
  view.setUint16(FLAGS_AT, frame.flags ?? 0)
  view.setUint32(SEQ_AT, seq)
  view.setUint32(ACK_AT, ack)
  view.setUint32(CHANNEL_AT, frame.channel)
  view.setUint32(META_LENGTH_AT, meta.length)
  bytes.set(meta, HEADER_BYTES)
  bytes.set(payload, HEADER_BYTES + meta.length)
  return bytes
}

/** Sets `ack` in a frame that is encoded already: what is sent again acknowledges anew. */
export function stampAck(bytes: Uint8Array, ack: number): void {
  viewOf(bytes).setUint32(ACK_AT, ack)
}

/** Gives an encoded frame the number that it has for a new object, which has acknowledged nothing yet. */
export function stampReplayed(bytes: Uint8Array, seq: number): void {
  const view = viewOf(bytes)
  view.setUint16(FLAGS_AT, view.getUint16(FLAGS_AT) | FLAG.replayed)
  view.setUint32(SEQ_AT, seq)
  view.setUint32(ACK_AT, 0)
}

/** Of an encoded frame. */
export function channelOf(bytes: Uint8Array): number {
  return viewOf(bytes).getUint32(CHANNEL_AT)
}

/** Whether pieces follow an encoded frame. */
export function hasMore(bytes: Uint8Array): boolean {
  return (viewOf(bytes).getUint16(FLAGS_AT) & FLAG.more) !== 0
}

/** Throws `RangeError` for bytes that are no frame. The payload is a view, not a copy. */
export function decodeFrame(bytes: Uint8Array): Frame {
  if (bytes.length < HEADER_BYTES) throw new RangeError(`link frame of ${bytes.length} bytes`)
  const view = viewOf(bytes)
  const metaLength = view.getUint32(META_LENGTH_AT)
  const payloadAt = HEADER_BYTES + metaLength
  if (payloadAt > bytes.length) throw new RangeError(`link frame meta of ${metaLength} bytes`)
  return {
    type: view.getUint8(1),
    flags: view.getUint16(FLAGS_AT),
    seq: view.getUint32(SEQ_AT),
    ack: view.getUint32(ACK_AT),
    channel: view.getUint32(CHANNEL_AT),
    meta:
      metaLength === 0
        ? undefined
        : JSON.parse(decoder.decode(bytes.subarray(HEADER_BYTES, payloadAt))),
    payload: bytes.subarray(payloadAt),
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
