/** The events of one response, as its client reads them. */
import type { Outlet } from '#protocol/host-call.ts'
import { ClientWriter, type ClientWriterOptions } from './client-writer.ts'

const encoder = new TextEncoder()
const DATA = encoder.encode('data: ')
const END = encoder.encode('\n\n')
export const COMMENT = encoder.encode(':\n\n')

export class EventWriter extends ClientWriter implements Outlet {
  /** The number of a stream that can be resumed: its events have ids. */
  readonly #stream: number | undefined

  constructor(options: ClientWriterOptions, stream: number | undefined) {
    super(options)
    this.#stream = stream
  }

  /** An event that has an id and no data. */
  prime(): void {
    void this.write(encoder.encode(`${this.#idOf(0)}data: \n\n`))
  }

  tell(payload: Uint8Array, seq = 0): void {
    const id = encoder.encode(this.#idOf(seq))
    const bytes = new Uint8Array(id.length + DATA.length + payload.length + END.length)
    bytes.set(id)
    bytes.set(DATA, id.length)
    bytes.set(payload, id.length + DATA.length)
    bytes.set(END, id.length + DATA.length + payload.length)
    void this.write(bytes)
  }

  keepAlive(): void {
    void this.write(COMMENT)
  }

  #idOf(seq: number): string {
    return this.#stream === undefined ? '' : `id: ${this.#stream}-${seq}\n`
  }
}
