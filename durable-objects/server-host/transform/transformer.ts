/**
 * What a transformer of one's own is: a module with one of these, named in `registered.ts`.
 * It runs in the ServerHost object, between a client and a server, and does no I/O: what it needs is in
 * its options and in what it is given. docs/transformers.md has an example.
 */
import type { Era } from '#protocol/mcp.ts'

/** Members to set, by name; `undefined` removes one. What is not named stays byte for byte. */
export type Changes = Readonly<Record<string, unknown>>

/** The call that something belongs to; a server's own message outside of a call has no `requestId`. */
export interface TransformContext {
  server: string
  /** `tools/call`, `prompts/get`, `resources/read`, `completion/complete`. */
  method: string
  /** Tool, prompt or URI, as the server says it. */
  target?: string
  era: Era
  principal: string
  requestId?: string
  /** What the client says of itself. */
  client?: { name: string; version: string }
}

export interface ServerEvent {
  /** `notifications/progress`, `notifications/message`, or what a server asks its client. */
  method: string
  params: Record<string, unknown>
}

/** Each is given parsed copies. Whatever one throws fails the call with `transform_failed`. */
export interface ConfiguredTransformer {
  /**
   * Changes of `params`. `name`, `uri`, `ref` and `_meta` cannot be changed, nor what belongs to the
   * retry of a call: access was decided by them.
   */
  onRequest?: (context: TransformContext, params: Record<string, unknown>) => Changes | undefined
  /** Changes of `result`. An error has none, and passes. `resultType` and `requestState` stay. */
  onResult?: (context: TransformContext, result: Record<string, unknown>) => Changes | undefined
  /** Changes of an event's `params`. Its progress token stays. */
  onEvent?: (context: TransformContext, event: ServerEvent) => Changes | undefined
}

export interface Transformer {
  /** As a configuration names it: `{"use": "custom", "name": …}`. */
  name: string
  /** Called once for each place of a configuration; throws for options that it does not understand. */
  configure: (options: Record<string, unknown>) => ConfiguredTransformer
}
