/** Messages, headers and expectations of the classifier's tables. */
import { expect } from 'vitest'
import { META } from '#protocol/mcp.ts'
import type { Classification } from '#worker/mcp/classification.ts'
import { classifyPost, readEnvelope } from '#worker/mcp/classify.ts'
import { SESSION } from '../fake-deps.ts'

export const MODERN = '2026-07-28'
export const VERSION = 'MCP-Protocol-Version'

export interface Case {
  name: string
  body: unknown
  headers?: Record<string, string>
  /** A code, or facts that the call must have. */
  expected: string | object
  data?: object
}

export function classify(body: unknown, headers: Record<string, string> = {}): Classification {
  const envelope = readEnvelope(body)
  return envelope.kind === 'rejected'
    ? envelope
    : classifyPost(new Headers(headers), envelope, body)
}

export function check({ body, headers, expected, data }: Case): void {
  const classification = classify(body, headers)
  if (typeof expected === 'string') expect(classification).toMatchObject({ code: expected })
  else expect(classification).toMatchObject({ kind: 'call', facts: expected })
  if (data !== undefined) expect(classification).toMatchObject({ data })
}

export function request(method: string, params?: object): object {
  return { jsonrpc: '2.0', id: 1, method, ...(params && { params }) }
}

export function meta(changes: Record<string, unknown> = {}): Record<string, unknown> {
  return { [META.protocolVersion]: MODERN, [META.clientCapabilities]: {}, ...changes }
}

export function modern(
  method: string,
  params: object = {},
  changes: Record<string, unknown> = {},
): object {
  return request(method, { ...params, _meta: meta(changes) })
}

export function modernHeaders(
  method: string,
  more: Record<string, string> = {},
): Record<string, string> {
  return { [VERSION]: MODERN, 'Mcp-Method': method, ...more }
}

export const inSession = { 'Mcp-Session-Id': SESSION }
