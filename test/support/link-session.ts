/** A host program with one connected link, for tests of what happens behind it. */
import { startHostProgram } from './host-program.ts'
import type { HostProgram } from './host-program.ts'
import { LinkClient } from './link-client.ts'
import { FRAME } from '#protocol/link/frame.ts'
import type { Launch, OpenedMeta } from '#protocol/link.ts'

export const CELL = 'v1:local:main'

export interface LinkSession {
  host: HostProgram
  link: LinkClient
  /** Configures these launches, opens the channel on the first, and resolves with its `opened`. */
  open(channel: number, ...launches: Launch[]): Promise<OpenedMeta>
  /** Sends a request and resolves with the channel's next message. */
  call(channel: number, id: number, params?: object, method?: string): Promise<unknown>
}

export async function startLinkSession(env: Record<string, string> = {}): Promise<LinkSession> {
  const host = await startHostProgram(env)
  const link = new LinkClient({ port: host.port, name: CELL })
  await link.connect()
  return {
    host,
    link,
    open: async (channel, ...launches) => {
      const [first] = launches
      if (first === undefined) throw new TypeError('a launch is needed')
      link.configure(launches)
      link.open(channel, first.name)
      await link.until(() =>
        link.inbox.some(
          (frame) =>
            frame.channel === channel &&
            (frame.type === FRAME.opened || frame.type === FRAME.refused),
        ),
      )
      return link.takeMeta<OpenedMeta>(FRAME.opened, channel)
    },
    call: (channel, id, params = {}, method = 'tools/call') => {
      link.message(channel, { jsonrpc: '2.0', id, method, params })
      return link.takeMessage(channel)
    },
  }
}
