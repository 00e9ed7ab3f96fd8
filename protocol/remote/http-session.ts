/** A legacy session over HTTP: its id, its revision, and the headers that say so. */
import { isObject } from '../json-rpc.ts'
import { HEADER } from '../mcp.ts'

const MAX_SESSION_ID_CHARS = 1_024
/** 2025-11-25, transports, Session Management: visible ASCII. */
const SESSION_ID = /^[\x21-\x7e]+$/

export class HttpSession {
  /** `initialize` was sent: what follows is of the legacy era. */
  isLegacy = false
  #id: string | undefined
  #version: string | undefined

  get hasId(): boolean {
    return this.#id !== undefined
  }

  get headers(): Record<string, string> {
    return {
      ...(this.#id !== undefined && { [HEADER.sessionId]: this.#id }),
      ...(this.#version !== undefined && { [HEADER.protocolVersion]: this.#version }),
    }
  }

  /** Takes the header of the answer to `initialize`. False for an id that cannot be sent back. */
  begin(id: string | null): boolean {
    if (id === null) return true
    if (!SESSION_ID.test(id) || id.length > MAX_SESSION_ID_CHARS) return false
    this.#id = id
    return true
  }

  /** Takes the result of `initialize`. */
  settle(result: unknown): void {
    const version = isObject(result) ? result.protocolVersion : undefined
    if (typeof version === 'string' && SESSION_ID.test(version)) this.#version = version
  }
}
