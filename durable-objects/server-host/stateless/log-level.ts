import { isObject } from '#protocol/json-rpc.ts'
import { decode } from '../processes/connection.ts'

/** RFC 5424 severities, as MCP names them, least severe first. */
const LEVELS = ['debug', 'info', 'notice', 'warning', 'error', 'critical', 'alert', 'emergency']

/** Of several that are asked for, which brings all of them what they want. */
export function mostVerbose(levels: readonly string[]): string | undefined {
  return LEVELS.find((level) => levels.includes(level))
}

/** Whether a `notifications/message` is at least as severe as the level that a request asked for. */
export function logsAt(payload: Uint8Array, level: string): boolean {
  const { params } = decode(payload)
  const severity = isObject(params) ? LEVELS.indexOf(String(params.level)) : -1
  return severity >= LEVELS.indexOf(level)
}
