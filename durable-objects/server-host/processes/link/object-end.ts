import { LinkEnd, type LinkEndOptions } from '#protocol/link/end.ts'
import { Turns } from './fair-reading.ts'

/** Half a channel's window of container/link/flow-control.ts, so that none waits for `ACK_AFTER_MS`. */
const ACK_AFTER_FRAMES = 8
const ACK_AFTER_BYTES = 512 * 1024
const ACK_AFTER_MS = 200

/** The host program's bound on a line is lower; this one holds should that one be raised. */
export const MAX_MESSAGE_BYTES = 64 * 1024 * 1024

/** The object's end of the link: channels that talk without a pause are heard in turns. */
export function createObjectEnd(
  options: Pick<LinkEndOptions<never>, 'write' | 'handOn' | 'tally'>,
): LinkEnd {
  return new LinkEnd({
    ...options,
    ackAfter: { frames: ACK_AFTER_FRAMES, bytes: ACK_AFTER_BYTES, ms: ACK_AFTER_MS },
    maxMessageBytes: MAX_MESSAGE_BYTES,
    queue: (handOn, onFlush) => new Turns(handOn, onFlush),
  })
}
