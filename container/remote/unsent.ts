/** A request of which nothing was sent: the server has not seen it, so it may be sent again. */
export class Unsent extends Error {
  override readonly name = 'Unsent'

  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause })
  }
}
