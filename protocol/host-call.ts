/**
 * One client request on its way from the worker to the ServerHost object: what the worker found
 * out about it, in one header of the forwarded request. The body is forwarded as it came.
 */
import type { Access } from './access.ts'
import type { CatalogQuery, CatalogTarget, CatalogView, ListsReport } from './catalog.ts'
import type { ConsoleQuery, ConsoleReport } from './console.ts'
import type { Era } from './mcp.ts'
import type { Envelope } from './json-rpc.ts'
import type { Occupancy } from './limiter.ts'
import type { OriginsReport } from './remote/figures.ts'
import type { ResilienceReport } from './resilience.ts'
import type { Strategy } from './routes.ts'
import type { Grants } from './scopes.ts'
import type { ToolApproval, ToolsReport } from './tool-pins.ts'

export const HOST_CALL_HEADER = 'hearth-call'

/** On a GET stream that has ended because its tenant rests: the worker holds it. */
export const RESTS_HEADER = 'hearth-rests'

/**
 * A small body of plain ASCII travels in a header: a body stream between worker and object costs as
 * much processor time as all else that the worker does for a call.
 */
export const HOST_BODY_HEADER = 'hearth-body'
const MAX_HEADER_BODY_CHARS = 4_096
const PLAIN = /^[\x20-\x7e]+$/

export interface HostCall {
  /** Identifies the call in logs; also sent to the client as `X-Request-Id`. */
  requestId: string
  /** `Date.now()` when the worker received the request. */
  receivedAt: number
  tenant: string
  principal: string
  /** What a revocation names; its streams end with it. */
  credential: string
  /** `Date.now()` at which the credential, and with it every stream that it opened, ends. */
  expiresAt?: number
  /** `CATALOG` where it is about all of them. */
  server: string
  /** It came in at the catalog's URL, and a session of it is the catalog's. */
  catalog?: CatalogView
  configVersion: number
  era: Era
  http: 'POST' | 'GET' | 'DELETE'
  /** What the body is. Absent for GET and DELETE. */
  envelope?: Envelope
  /** `params.name` or `params.uri` where the method has one: for logs and policies. */
  target?: string
  /** In logs in the place of `target`, of which a redaction takes something out. Set in the object. */
  shownTarget?: string
  /** The room that a large body takes is free again. Set in the object. */
  onOver?: () => void
  /** What it is answered goes there, in the place of a response's body. Set in the object. */
  outlet?: Outlet
  /** It came in a JSON-RPC batch, which sessions of one revision alone have. */
  isBatched?: true
  /** Its client takes only one of the two forms of an answer: a JSON body, or an event stream. */
  takes?: 'json' | 'events'
  /** `params._meta.progressToken` */
  progressToken?: string | number
  /** `params.requestId` of a `notifications/cancelled` */
  cancels?: string | number
  /** Legacy: `Mcp-Session-Id`. */
  sessionId?: string
  /** `MCP-Protocol-Version` header, or for the modern era the validated `_meta` value. */
  protocolVersion?: string
  lastEventId?: string
  /**
   * It came over HTTP+SSE (2024-11-05): of a GET the path to post to, and of a POST whether the worker
   * answers it, with what the body is.
   */
  sse?: { endpoint?: string; isAnswer?: true }
  /**
   * What the principal may use of the kind of thing that the call is about, where that is not all that
   * the server offers, and the object has to leave out the rest. A legacy session's calls about
   * resources have it, and its GET.
   */
  access?: Access
  /** The principal's, of a call with `access` by which a client of one server begins to hear of its lists. */
  grants?: Grants
  /** Modern: `_meta` clientCapabilities, as JSON text in canonical form (sorted keys): a pool key. */
  capabilities?: string
  /**
   * Modern: name and version of `_meta` clientInfo, as a JSON list; absent where the client does not
   * say who it is. `OWN_CLIENT` for the gateway's own requests.
   */
  client?: string
  /** A request of the gateway's own whose process nothing else needs. Set in the object. */
  isPassing?: true
  /** Modern: its URL says that its client speaks no older revision; of `server/discover` alone. */
  isModernOnly?: true
  /** Modern: `_meta` logLevel. */
  logLevel?: string
  /** Modern: `params` has a `requestState`: the retry of a call that asked for input. */
  retries?: boolean
  /** Modern: the `Mcp-Param-*` headers, names lowercase without the prefix, values decoded. */
  params?: Record<string, string>
  /** Concurrency limits that the call counts for, where there are any. */
  occupancies?: Occupancy[]
  /** The disk is full: nothing is kept of this call, and what must be kept is refused. */
  keepsNothing?: true
  /** Where a route says more than which server it is, and what it may cost. */
  route?: HostRoute
}

/** What carries messages to a client beside the response to its request. */
export interface Outlet {
  /** One JSON-RPC message; `seq`: which event of its stream, where it is one of a stream. */
  tell: (payload: Uint8Array, seq?: number) => void
  /** Shows a quiet connection to be alive; absent where that happens anyway. */
  keepAlive?: () => void
  /** Nothing more comes; what waits is still carried. */
  close: () => void
}

/** No client can be this one: what the worker writes is a list. */
export const OWN_CLIENT = '"hearth"'

export interface HostRoute {
  name: string
  /** Servers of which one is to answer; `name`: where it calls it otherwise; `weight`: where it is not 1. */
  candidates?: { server: string; name?: string; weight?: number }[]
  strategy?: Strategy
  /** Most tries at one server. */
  attempts?: number
  /** Longest that the call may take, all tries together. */
  timeoutMs?: number
}

const encoder = new TextEncoder()

/** A header value is ASCII, so other characters are written as JSON escapes. */
export function encodeHostCall(call: HostCall): string {
  const text = JSON.stringify(call)
  if (PLAIN.test(text)) return text
  return text.replace(
    /[\u007f-\uffff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** The request that carries a call. `text` is the body as text, where it is known to be that. */
export function toHostRequest(
  call: HostCall,
  body?: { bytes: Uint8Array; text: string },
): RequestInit {
  const headers: Record<string, string> = { [HOST_CALL_HEADER]: encodeHostCall(call) }
  if (body === undefined) return { method: call.http, headers }
  if (body.text.length <= MAX_HEADER_BODY_CHARS && PLAIN.test(body.text)) {
    headers[HOST_BODY_HEADER] = body.text
    return { method: call.http, headers }
  }
  return { method: call.http, headers, body: body.bytes as Uint8Array<ArrayBuffer> }
}

/** The body of a forwarded request, whichever way it came: a promise only where it is a stream. */
export function readHostBody(
  request: Request,
): Uint8Array | undefined | Promise<Uint8Array | undefined> {
  const text = request.headers.get(HOST_BODY_HEADER)
  if (text !== null) return encoder.encode(text)
  return request.body === null ? undefined : request.bytes()
}

export function decodeHostCall(headers: Headers): HostCall {
  const text = headers.get(HOST_CALL_HEADER)
  if (text === null) throw new TypeError(`${HOST_CALL_HEADER} header is missing`)
  return JSON.parse(text) as HostCall
}

/** What is known of each enabled server. */
export interface WarmReport {
  servers: ServerReport[]
}

export interface ServerReport {
  name: string
  /**
   * It has answered its first request, and its last start did not fail. Or it is personal: then it starts
   * with the first call of a principal.
   */
  ready: boolean
  eras: string[]
  isPersonal?: boolean
  /** Of the server host that it is in; of a server at the edge there is none. */
  placement?: string
  /** Why it is not ready. Absent, too, while it was not started yet. */
  error?: string
  /** The last lines that it printed. */
  output?: string[]
  /** What to do about it. */
  hint?: string
  /** Its processes that run, and how many of them nobody has; absent where that is not known. */
  processes?: number
  spares?: number
  /** What a start that is under way does, such as `installing mcp-server-git`. */
  start?: string
  /** What it has at `/mcp`; of a personal server this is each principal's own. */
  lists?: ListsReport
  /** How it fares: its breaker, its calls, its health. */
  resilience?: ResilienceReport
}

/** The methods of both ServerHost classes, beside `fetch`. */
export interface ServerHostMethods {
  /** Refuses new calls for a while; resolves when running ones have ended, or 10 s passed. */
  drain(): Promise<void>
  /** Which servers are warm, and how they fare: for this principal, or over all. Starts nothing. */
  status(principal?: string): Promise<WarmReport>
  /**
   * There is this version of the configuration, or a newer one: what runs becomes as it says. Starts
   * nothing that sleeps.
   */
  configChanged(version: number): Promise<void>
  /** How requests from the host program to remote servers went. Starts nothing. */
  origins(): Promise<OriginsReport>
  /** What the processes of a server have printed. Starts nothing. */
  console(query: ConsoleQuery): Promise<ConsoleReport>
  /** What a name of the catalog stands for; `undefined`: for nothing. Starts nothing that sleeps. */
  resolveName(query: CatalogQuery): Promise<CatalogTarget | undefined>
  /** Which definitions of tools are approved, and what is odd about them. Starts nothing. */
  tools(): Promise<ToolsReport>
  /** Returns the fingerprint that is approved. `tool_not_found`, `invalid_params`. Starts nothing. */
  approveTool(approval: ToolApproval): Promise<string>
  /** Probes and warms every enabled server; what is warm already costs nothing. */
  warm(lists?: boolean): Promise<WarmReport>
  /**
   * Ends every stream and call that this credential opened, and refuses its calls for a while: an
   * isolate may still hold the verdict on it. Again has the same effect. Starts nothing.
   * `jwt:{issuer}` stands for every JWT of the issuer. `at`: not before that `Date.now()`, as with a token that was rotated.
   */
  endCredential(credential: string, at?: number): Promise<void>
  /**
   * The tenant is removed: ends all that runs, and deletes all that is stored. Calls that were let in
   * under `version` of its configuration, or an older one, are refused from now on.
   */
  remove(version: number): Promise<void>
}
