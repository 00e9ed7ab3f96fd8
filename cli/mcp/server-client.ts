/** One MCP server behind the gateway, as a client of the official SDK sees it. */
import {
  Client,
  SdkError,
  SdkErrorCode,
  SdkHttpError,
  StreamableHTTPClientTransport,
  type CallToolResult,
  type PriorDiscovery,
  type Progress,
  type ServerCapabilities,
  type Tool,
} from '@modelcontextprotocol/client'
import { z } from 'zod'
import { isObject } from '#protocol/json-rpc.ts'
import { LATEST_MODERN } from '#protocol/mcp.ts'
import { VERSION } from '#protocol/version.ts'
import { describeFetchError } from '../failure.ts'
import type { ServerEndpoint } from './endpoint.ts'

export type { CallToolResult, Tool }

export interface ServerClientOptions {
  endpoint: ServerEndpoint
  /** Longest that any answer takes, from its last sign of progress. Milliseconds. */
  timeoutMs: number
  onProgress: (progress: Progress) => void
}

/** Of what the SDK found wrong in a result. */
const Issue = z.object({ path: z.array(z.union([z.string(), z.number()])), message: z.string() })

/** Every gateway speaks it, whatever its server does. */
const ASSUMED: PriorDiscovery = {
  kind: 'modern',
  discover: { supportedVersions: [LATEST_MODERN], capabilities: { tools: {} } },
}

/** What was answered in the place of a result. */
export interface Refusal {
  message: string
  /** Of the gateway: `server_start_failed`; absent in an error of the server. */
  code?: string
  /** What the gateway adds. */
  data: Record<string, unknown>
}

export class ServerClient {
  readonly #client: Client
  readonly #transport: StreamableHTTPClientTransport
  readonly #options: ServerClientOptions
  #capabilities: ServerCapabilities = {}

  private constructor(
    client: Client,
    transport: StreamableHTTPClientTransport,
    options: ServerClientOptions,
  ) {
    this.#client = client
    this.#transport = transport
    this.#options = options
  }

  /**
   * Speaks 2026-07-28, where the server keeps its process from one command to the next. The SDK would first
   * ask what the server speaks, without a word while that is installed: what it asks is asked here, with progress.
   */
  static async connect(options: ServerClientOptions): Promise<ServerClient> {
    const { endpoint, timeoutMs } = options
    const url = new URL(endpoint.url)
    url.searchParams.set('protocol', LATEST_MODERN)
    const headers = { Authorization: `Bearer ${endpoint.token}` }
    const transport = new StreamableHTTPClientTransport(url, {
      // The token is for this gateway, not for where it points to.
      requestInit: { headers, redirect: 'manual' },
    })
    const client = new Client({ name: 'hearth-call', version: VERSION })
    const own = new ServerClient(client, transport, options)
    await client.connect(transport, { timeout: timeoutMs, prior: ASSUMED })
    own.#capabilities = (await client.discover(own.#requestOptions)).capabilities
    return own
  }

  /** `undefined` when the server says of itself that it has none: some have them all the same. */
  async tools(): Promise<Tool[] | undefined> {
    if (this.#capabilities.tools === undefined) return undefined
    return (await this.#client.listTools(undefined, this.#requestOptions)).tools
  }

  /** What the tool answers is shown as it is: nothing is checked against its output schema. */
  call(name: string, args: Record<string, unknown>, tool?: Tool): Promise<CallToolResult> {
    const { outputSchema: _, ...definition } = tool ?? { name, inputSchema: { type: 'object' } }
    const options = { ...this.#requestOptions, toolDefinition: definition }
    return this.#client.callTool({ name, arguments: args }, options)
  }

  /** Never rejects: what was asked for has been answered. */
  async close(): Promise<void> {
    if (this.#transport.sessionId !== undefined) {
      await this.#transport.terminateSession().catch(() => undefined)
    }
    await this.#client.close().catch(() => undefined)
  }

  get #requestOptions() {
    const { timeoutMs, onProgress } = this.#options
    return { timeout: timeoutMs, resetTimeoutOnProgress: true, onprogress: onProgress }
  }
}

/** Whatever `ServerClient` rejects with. */
export function toRefusal(error: unknown): Refusal {
  const found = error instanceof SdkHttpError ? readHTTPError(error) : error
  if (!isObject(found)) return { message: String(found), data: {} }
  const data = isObject(found.data) ? found.data : {}
  const message = found instanceof Error ? describe(found) : String(found.message)
  return { message, data, ...(typeof data.code === 'string' && { code: data.code }) }
}

/** A failed connection has its reason inside; an error that was answered is its own. */
function describe(error: Error): string {
  if (error instanceof SdkError && error.code === SdkErrorCode.InvalidResult) {
    return describeInvalid(error.message)
  }
  const isNegotiation =
    error instanceof SdkError && error.code === SdkErrorCode.EraNegotiationFailed
  const isConnection = (isNegotiation || error instanceof TypeError) && error.cause !== undefined
  return isConnection ? `cannot reach the gateway: ${describeFetchError(error)}` : error.message
}

/** What the SDK found is a list in JSON; its first entry is enough. */
function describeInvalid(message: string): string {
  const [, method = 'a request', found = message] =
    /^Invalid result for (\S+): (.*)$/s.exec(message) ?? []
  return `the server's answer to ${method} is not what the protocol says: ${toFirstIssue(found)}`
}

function toFirstIssue(found: string): string {
  try {
    const [{ path, message }] = z.tuple([Issue], Issue).parse(JSON.parse(found))
    return path.length === 0 ? message : `${path.join('.')}: ${message}`
  } catch {
    return found
  }
}

/** The JSON-RPC error in the body, where there is one. */
function readHTTPError({ data: { status, text } }: SdkHttpError): unknown {
  const isText = typeof text === 'string'
  try {
    const body: unknown = isText ? JSON.parse(text) : undefined
    if (isObject(body) && isObject(body.error)) return body.error
  } catch {
    // not from a gateway
  }
  return { message: `the answer is ${status}, and not from a Hearth gateway` }
}
