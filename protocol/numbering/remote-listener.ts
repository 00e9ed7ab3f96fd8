/** A remote server's words, with the ids that the object knows: between a connection and who listens to it. */
import type { MessageMeta } from '../link.ts'
import type { RemoteListener } from '../remote/remote.ts'
import { nameOf, type Numbering } from './numbering.ts'
import type { Asked } from './waiting.ts'

export interface NumberedListener extends Omit<RemoteListener, 'onFailed'> {
  onFailed: (asked: Asked, error: Parameters<RemoteListener['onFailed']>[1]) => void
}

/** What is about no request that waits is not passed on. `now`: milliseconds. */
export function numberListener(
  numbering: Numbering,
  listener: NumberedListener,
  now: () => number,
): RemoteListener {
  const { requests } = numbering
  return {
    onMessage: (payload: Uint8Array, meta: MessageMeta) => {
      const told = numbering.fromProcess(payload, meta, now())
      if (told !== undefined) listener.onMessage(told.payload, told.meta)
    },
    onOversize: ({ id, maxBytes }) => {
      const asked = id === undefined ? numbering.takeOnly() : requests.take(id)
      if (asked !== undefined) listener.onOversize({ ...nameOf(asked), maxBytes })
    },
    onUndelivered: ({ id }) => {
      const asked = requests.find(id)
      if (asked !== undefined) listener.onUndelivered(nameOf(asked))
    },
    onFailed: (id, error) => {
      const asked = requests.take(id)
      if (asked !== undefined) listener.onFailed(asked, error)
    },
    onOver: (error) => listener.onOver(error),
  }
}
