/** One face for independent MCP clients, so that each makes the same calls. */
import { LATEST_MODERN } from '#protocol/mcp.ts'
export interface Target {
  url: string
  token: string
  /** What the client calls itself; else the name of its kind. */
  clientName?: string
}

export interface TestClient {
  name: string
  connect(target: Target): Promise<Connection>
}

export interface Connection {
  /** The text of the tool's answer. Rejects when the tool or the protocol reports an error. */
  callTool(name: string, args: Record<string, unknown>): Promise<string>
  close(): Promise<void>
}

export function bearer({ token }: Target): { Authorization: string } {
  return { Authorization: `Bearer ${token}` }
}

/** Takes a `tools/call` result of any client. */
export function readText(result: unknown): string {
  const { content, isError } = result as {
    content?: { type: string; text?: string }[]
    isError?: boolean
  }
  const text = (content ?? []).map((block) => block.text ?? '').join('\n')
  if (isError === true) throw new Error(text)
  return text
}

/** Where a client that speaks 2026-07-28 is offered that, though the server has sessions to offer, too. */
export function modernURL(url: string): string {
  const modern = new URL(url)
  modern.searchParams.set('protocol', LATEST_MODERN)
  return modern.href
}
