import { LATEST_LEGACY } from '#protocol/mcp.ts'
import { withoutTasks } from './discover.ts'

export interface LegacyInitialize {
  /** The modern request's `_meta` clientCapabilities. */
  capabilities: Record<string, unknown>
  /** Who the process is told it serves. One process may serve many clients in turn. */
  clientInfo: Record<string, unknown>
  /**
   * Whether the configuration lets the server ask for roots. Some servers give up their configured
   * folders for whatever the client names, so the default of the caller is no.
   */
  roots: boolean
}

/** `initialize` params for a process that serves modern clients of these capabilities. */
export function toInitializeParams(options: LegacyInitialize): Record<string, unknown> {
  const { roots, ...capabilities } = withoutTasks(options.capabilities)
  return {
    protocolVersion: LATEST_LEGACY,
    capabilities: options.roots && roots !== undefined ? { ...capabilities, roots } : capabilities,
    clientInfo: options.clientInfo,
  }
}
