/** One step of a pipeline, over bytes: what it does not change stays as it is. */
import type { TransformContext } from './transformer.ts'

export interface CallContext extends TransformContext {
  /** The name of the call's route. */
  route?: string
  /** The protocol revision that the client speaks. */
  protocol?: string
  /** What is transformed is said before a result. */
  isEvent?: boolean
  /** Keeps what is too large for an answer, and says under which URI; `undefined`: there is no room. */
  spill?: (content: Spilled, keepMs: number) => string | undefined
  /** A URI of the server's as the client would ask for it. */
  showURI?: (uri: string) => string
}

export interface Spilled {
  mimeType: string
  /** Text of that type. */
  data: Uint8Array
}

/** Each returns the whole message, the same one where nothing is to be changed. */
export interface Stage {
  /** What an error says failed. */
  name: string
  /** Whether it is about this call. */
  fits: (context: TransformContext) => boolean
  onRequest?: (context: CallContext, request: Uint8Array) => Uint8Array
  /** A response with a result or an error, in the client's era. */
  onAnswer?: (context: CallContext, response: Uint8Array) => Uint8Array
  /** A server's notification or request. */
  onEvent?: (context: CallContext, message: Uint8Array, method: string) => Uint8Array
  /** A tool's name or a URI as our own logs show it. */
  onLog?: (text: string) => string
}
