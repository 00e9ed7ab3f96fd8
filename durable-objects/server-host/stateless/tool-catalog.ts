/** A server's tools as modern calls need them: listed once, and again after they changed. */
import { GatewayError } from '#protocol/errors.ts'
import type { HostCall } from '#protocol/host-call.ts'
import { isObject } from '#protocol/json-rpc.ts'
import { verifyParamHeaders } from '#protocol/x-mcp-header.ts'
import { decode } from '../processes/connection.ts'
import { listTools, type ToolFacts } from '../processes/tools.ts'

/** Sends `tools/list` with the given params. */
type Ask = (params: Record<string, unknown>) => Promise<Record<string, unknown>>

export class ToolCatalog {
  #tools: Promise<Map<string, ToolFacts>> | undefined

  forget(): void {
    this.#tools = undefined
  }

  /** Whether the tool says that a repetition does no harm. Without `ask`: as far as it is known. */
  async isRepeatable({ target = '' }: HostCall, ask?: Ask): Promise<boolean> {
    const tools = ask === undefined ? await this.#tools : await this.#list(ask)
    return tools?.get(target)?.repeatable === true
  }

  /** Throws `header_mismatch` when `Mcp-Param-*` headers and arguments do not agree. */
  async checkHeaders(
    { target = '', params: headers, catalog }: HostCall,
    body: Uint8Array,
    ask: Ask,
  ) {
    let facts = (await this.#list(ask)).get(target)
    // Its client knows of no argument that a header repeats.
    if (catalog?.isWrapped === true) return
    if (facts === undefined && headers !== undefined) {
      this.forget()
      facts = (await this.#list(ask)).get(target)
    }
    if (facts === undefined || facts.headers.length === 0) return
    const { params } = decode(body)
    const args = isObject(params) ? params.arguments : undefined
    const verdict = verifyParamHeaders(facts.headers, args, headers ?? {})
    if (!verdict.ok) throw new GatewayError('header_mismatch', { detail: verdict.detail })
  }

  async #list(ask: Ask): Promise<Map<string, ToolFacts>> {
    this.#tools ??= listTools(ask)
    try {
      return await this.#tools
    } catch (error) {
      this.forget()
      // A server whose tools cannot be listed answers the call itself.
      if (GatewayError.is(error)) throw error
      return new Map()
    }
  }
}
