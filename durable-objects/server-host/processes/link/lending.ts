/**
 * How the server hosts of one tenant are one: the object of each placement lends its container to the
 * object that calls go to, which speaks with the host program in it over a link of its own.
 */
import type { ErrorCode } from '#protocol/errors.ts'
import { GatewayError } from '#protocol/errors.ts'
import type { ConsoleQuery, ConsoleReport } from '#protocol/console.ts'
import type { OriginsReport } from '#protocol/remote/figures.ts'
import type { HostProgram } from './links.ts'

/** What the object of a placement is asked for, beside a WebSocket to its host program by `fetch`. */
export interface Lender {
  /** Whether its container runs. */
  isUp(): Promise<boolean>
  /** Stops its container. */
  release(): Promise<void>
  origins(): Promise<OriginsReport>
  console(query: ConsoleQuery): Promise<ConsoleReport>
}

/** What it asks of the object that calls go to. */
export interface Borrower {
  /** Whether nothing of `placement` was called for `idleMs` and nothing is; its link is then at rest. */
  mayRest(placement: string, idleMs: number): Promise<boolean>
}

export interface LenderStub extends Lender {
  fetch(url: string, init: RequestInit): Promise<Response>
}

/** Why there is no WebSocket; other failures may heal within the wait. */
interface Refusal {
  code: ErrorCode
  detail?: string
  retryAfterMs?: number
}

const URL_OF_LINK = 'https://server-host/link'
const UPGRADE = 'Upgrade'

/** `lender`: a fresh stub each time, as one that failed stays broken. */
export function borrow(lender: () => LenderStub): HostProgram {
  return {
    dial: async () => {
      const headers = { [UPGRADE]: 'websocket' }
      const response = await lender().fetch(URL_OF_LINK, { headers })
      if (response.webSocket !== null) return response.webSocket
      const { code, ...why } = await response.json<Refusal>()
      throw new GatewayError(code, why)
    },
    isUp: () => false,
    askUp: () => lender().isUp(),
    release: () => lender().release(),
  }
}

/** Whether a request is one of `borrow`. Those of clients reach an object without their headers. */
export function isBorrowing({ headers }: Request): boolean {
  return headers.get(UPGRADE) === 'websocket'
}

/** Rejects with what may be tried again. */
export async function lend(dial: () => Promise<WebSocket>): Promise<Response> {
  try {
    return new Response(null, { status: 101, webSocket: await dial() })
  } catch (error) {
    if (!GatewayError.is(error)) throw error
    const { code, detail, retryAfterMs } = error
    const refusal: Refusal = {
      code,
      ...(detail !== undefined && { detail }),
      ...(retryAfterMs !== undefined && { retryAfterMs }),
    }
    return Response.json(refusal, { status: 503 })
  }
}
