/** Opens one connection of the link: dials, says hello, waits for the welcome. */
import { GatewayError } from '#protocol/errors.ts'
import type { HelloMeta } from '#protocol/link.ts'
import { decodeFrame, encodeFrame, FRAME, type Frame } from '#protocol/link/frame.ts'
import { within } from '#protocol/within.ts'

/** Longest wait for a connection; a container starts in that time. */
const DIAL_TIMEOUT_MS = 45_000
const WELCOME_TIMEOUT_MS = 5_000
const DIAL_ATTEMPT_PAUSE_MS = 100

export interface LinkConnectionOptions {
  dial: () => Promise<WebSocket>
  hello: () => HelloMeta
  /** The highest number received in order. */
  received: () => number
  /** Takes the connection into use; false when the two sides cannot agree. */
  onWelcome: (socket: WebSocket, welcome: Frame) => boolean
  /** After the welcome; also while the connection closes. */
  onMessage: (socket: WebSocket, event: MessageEvent) => void
  onClose: (socket: WebSocket) => void
}

/** Resolves when the connection is in use. */
export async function openLinkConnection(options: LinkConnectionOptions): Promise<void> {
  const socket = await dialInTime(options.dial)
  socket.binaryType = 'arraybuffer'
  socket.accept()
  const welcomed = Promise.withResolvers<void>()
  let waits = true
  const giveUp = (why: string): void => {
    clearTimeout(timer)
    waits = false
    welcomed.reject(new Error(why))
  }
  const refuse = (why: string): void => {
    giveUp(why)
    socket.close(1002, why)
  }
  const timer = setTimeout(() => refuse('no welcome'), WELCOME_TIMEOUT_MS)
  socket.addEventListener('message', (event) => {
    if (!waits) return options.onMessage(socket, event)
    const welcome = decodeFrame(new Uint8Array(event.data as ArrayBuffer))
    if (!options.onWelcome(socket, welcome)) return refuse('not resumable')
    clearTimeout(timer)
    waits = false
    welcomed.resolve()
  })
  for (const type of ['close', 'error'] as const) {
    socket.addEventListener(type, () => {
      giveUp('the link closed before its welcome')
      options.onClose(socket)
    })
  }
  const hello = { type: FRAME.hello, channel: 0, ack: options.received(), meta: options.hello() }
  socket.send(encodeFrame(hello))
  await welcomed.promise
}

/** A connection that comes too late is closed. */
function dialInTime(dial: () => Promise<WebSocket>): Promise<WebSocket> {
  const dialled = dial()
  return within(dialled, DIAL_TIMEOUT_MS, () => {
    dialled.then(discard, () => undefined)
    throw new Error('dialled too long')
  })
}

function discard(socket: WebSocket): void {
  socket.accept()
  socket.close(1000, 'too late')
}

/** Dials until that succeeds, or fails with a code. Throws `host_unavailable` when it may not go on. */
export async function tryUntil(mayGoOn: () => boolean, dial: () => Promise<void>): Promise<void> {
  let cause: unknown
  while (mayGoOn()) {
    try {
      return await dial()
    } catch (error) {
      if (GatewayError.is(error)) throw error
      cause = error
      await new Promise((resolve) => setTimeout(resolve, DIAL_ATTEMPT_PAUSE_MS))
    }
  }
  throw new GatewayError('host_unavailable', { cause })
}
