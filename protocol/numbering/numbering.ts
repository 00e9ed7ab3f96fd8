/**
 * The ids and progress tokens of one process's messages. Ids are chosen by peers: two clients, or one
 * that begins anew, use the same, and some servers read only integers. So a process is sent each request
 * under a number of its own, and what it asks its client is asked under another one; what comes back gets
 * the asker's own id again. What answers nothing that waits goes nowhere, and what the process may read
 * under another number, since a member is there twice or in other letters, is not sent. Made where the
 * process lives, since an object is replaced while its calls run.
 */
import { isRequestId, type RequestId } from '../json-rpc.ts'
import { skipSpace } from '../json-scan.ts'
import {
  findCertain,
  findSpans,
  readValue,
  splice,
  textAt,
  type Edit,
  type Path,
  type Span,
} from '../json-splice.ts'
import type { FailedMeta, MessageMeta, SentMeta } from '../link.ts'
import { META } from '../mcp.ts'
import type { AskNumbers } from './numbers.ts'
import { LISTEN, Waiting, type Asked } from './waiting.ts'

/** The object has fewer in flight on one process; see `MAX_EXCHANGES`. */
const MAX_REQUESTS = 10_000
/** Questions of one process that its client has not answered. */
const MAX_ASKS = 256

const CANCELLED = 'notifications/cancelled'
const PROGRESS = 'notifications/progress'

/** A message as the process is sent it. */
export interface Sent {
  payload: Uint8Array
  /** The request that it is. */
  request?: Asked
  /** The request that it gives up. */
  cancelled?: Asked
}

/** A message as the object is told it. */
export interface Told {
  payload: Uint8Array
  meta: MessageMeta
}

export class Numbering {
  /** What the process has been asked. */
  readonly requests = new Waiting(MAX_REQUESTS)
  /** What it has asked. */
  readonly #asks = new Waiting(MAX_ASKS)
  readonly #askNumbers: AskNumbers
  readonly #onRefused: (meta: FailedMeta) => void
  readonly #end: string
  #last = 0
  #hasAsked = false
  /** It serves several callers. */
  #isShared = false
  /** Its notifications may belong to a subscription. */
  #hasListened = false

  /**
   * `onRefused`: of requests that are not sent; called by `toProcess`. `end`: what is written behind each
   * message to the process.
   */
  constructor(askNumbers: AskNumbers, onRefused: (meta: FailedMeta) => void, end = '') {
    this.#askNumbers = askNumbers
    this.#onRefused = onRefused
    this.#end = end
  }

  /** Whether it serves several callers. */
  get isShared(): boolean {
    return this.#isShared
  }

  /** `undefined` for what is refused, or nobody there waits for: it is not sent. `now`: milliseconds. */
  toProcess(payload: Uint8Array, meta: SentMeta | undefined, now: number): Sent | undefined {
    const { spans, isAmbiguous } = findCertain(payload, SENT_PATHS)
    const [idAt, methodAt, tokenAt, requestAt, progressAt] = spans
    if (isAmbiguous) return this.#refuse(payload, idAt, meta)
    const method = methodAt && readValue(payload, methodAt)
    if (typeof method !== 'string') return this.#toAsker(payload, idAt)
    if (idAt === undefined) return this.#notify(payload, { method, requestAt, progressAt }, meta)
    const asked = toAsked(payload, { idAt, tokenAt, method }, ++this.#last, now)
    if (asked === undefined) return { payload: this.#write(payload, []) }
    this.#isShared ||= meta?.shared === true
    const request = meta?.call === undefined ? asked : { ...asked, call: meta.call }
    this.requests.add(request)
    this.#hasListened ||= method === LISTEN
    return { payload: this.#write(payload, renumber(request, idAt, tokenAt)), request }
  }

  /** `undefined` for what is nobody's, or no JSON. `meta`: with the id that the process wrote. */
  fromProcess(payload: Uint8Array, meta: MessageMeta, now: number): Told | undefined {
    try {
      return this.#read(payload, meta, now)
    } catch {
      return undefined // a large message is not parsed before
    }
  }

  #read(payload: Uint8Array, meta: MessageMeta, now: number): Told | undefined {
    if (meta.kind === 'response') return this.#answer(payload, meta, now)
    if (meta.kind === 'request') return this.#ask(payload, meta, now)
    if (meta.method === CANCELLED) return this.#cancelled(payload, meta)
    if (meta.method === PROGRESS) return this.#progress(payload, meta)
    return this.#hasListened ? this.#subscribed(payload, meta) : { payload, meta }
  }

  /** A notification or an answer has nobody who waits for it. */
  #refuse(payload: Uint8Array, idAt: Span | undefined, meta: SentMeta | undefined): undefined {
    const id = idAt && readValue(payload, idAt)
    if (!isRequestId(id)) return
    const call = meta?.call === undefined ? {} : { call: meta.call }
    this.#onRefused({ id, ...call, code: 'invalid_message', detail: AMBIGUOUS })
  }

  /** A client's answer. */
  #toAsker(payload: Uint8Array, idAt: Span | undefined): Sent | undefined {
    const asked = idAt && this.#asks.take(readValue(payload, idAt))
    return asked && { payload: this.#write(payload, edit(idAt, asked.idText)) }
  }

  #notify(
    payload: Uint8Array,
    { method, requestAt, progressAt }: Notified,
    meta: SentMeta | undefined,
  ): Sent | undefined {
    if (method === CANCELLED) {
      const { id } = readIdAt(payload, requestAt)
      const cancelled = id === undefined ? undefined : this.requests.giveUp(id, meta?.call)
      const edits = edit(requestAt, `${cancelled?.number}`)
      return cancelled && { payload: this.#write(payload, edits), cancelled }
    }
    if (method !== PROGRESS) return { payload: this.#write(payload, []) }
    const { id: token } = readIdAt(payload, progressAt)
    const tokenText = this.#asks.find(token)?.tokenText
    if (tokenText === undefined) return undefined
    return { payload: this.#write(payload, edit(progressAt, tokenText)) }
  }

  /** A message to the process, in one copy. */
  #write(payload: Uint8Array, edits: Edit[]): Uint8Array {
    if (this.#end === '') return edits.length === 0 ? payload : splice(payload, edits)
    const { length } = payload
    return splice(payload, [...edits, { span: { start: length, end: length }, text: this.#end }])
  }

  #answer(payload: Uint8Array, meta: MessageMeta, now: number): Told | undefined {
    const asked = meta.id == null ? this.#takeMeant(payload) : this.requests.take(meta.id)
    if (asked === undefined) return undefined
    const isListen = asked.method === LISTEN
    const [idAt, subscriptionAt] = findSpans(payload, isListen ? LISTEN_ANSWER_PATHS : ID_PATH)
    const edits = [idAt, subscriptionAt].flatMap((span) => edit(span, asked.idText))
    if (idAt === undefined) edits.push(addId(payload, asked.idText))
    const ms = meta.ms ?? Math.round((now - asked.at) * 1000) / 1000
    const { kind, failed } = meta
    return {
      payload: splice(payload, edits),
      meta: { kind, ...nameOf(asked), ...(failed === true && { failed }), ms },
    }
  }

  /**
   * An error without an id is that of the only request that waits. One about the method is not: whoever
   * knows the method knows the id, so it answers a notification, to which there are no answers.
   */
  #takeMeant(payload: Uint8Array): Asked | undefined {
    const [codeAt] = findSpans(payload, ERROR_CODE_PATH)
    const code = codeAt && readValue(payload, codeAt)
    return code === METHOD_NOT_FOUND ? undefined : this.takeOnly()
  }

  /**
   * The only request that what names none can be about. There is no such one where others call, too, or
   * the answer to a request that was given up may still come: it would be told to somebody else.
   */
  takeOnly(): Asked | undefined {
    const { only, mayOweOthers } = this.requests
    return this.#isShared || mayOweOthers ? undefined : this.requests.take(only?.number)
  }

  #ask(payload: Uint8Array, meta: MessageMeta, now: number): Told | undefined {
    const [idAt, , tokenAt] = findSpans(payload, REQUEST_PATHS)
    if (idAt === undefined) return undefined
    const facts = { idAt, tokenAt, method: meta.method ?? '' }
    const asked = toAsked(payload, facts, this.#askNumbers.next(), now)
    if (asked === undefined) return undefined
    this.#asks.add(asked)
    this.#hasAsked = true
    return {
      payload: splice(payload, renumber(asked, idAt, tokenAt)),
      meta: { ...meta, id: asked.number },
    }
  }

  /**
   * Of its own question, or of a request that it answers no more. One that asks means a question of its
   * own, which may be answered by now: requests are numbered alike, and MCP lets it cancel none of them.
   */
  #cancelled(payload: Uint8Array, meta: MessageMeta): Told | undefined {
    const { id, at } = readId(payload, REQUEST_ID)
    if (id === undefined) return undefined
    const ask = this.#asks.giveUp(id)
    if (ask !== undefined) return { payload: put(payload, at, `${ask.number}`), meta }
    const asked = this.#hasAsked ? undefined : this.requests.find(id)
    return asked && { payload: put(payload, at, asked.idText), meta: { ...meta, ...nameOf(asked) } }
  }

  #progress(payload: Uint8Array, meta: MessageMeta): Told | undefined {
    const { id: token, at } = readId(payload, TOKEN)
    const asked = this.requests.find(token)
    if (asked?.tokenText === undefined) return undefined
    return { payload: put(payload, at, asked.tokenText), meta: { ...meta, ...nameOf(asked) } }
  }

  #subscribed(payload: Uint8Array, meta: MessageMeta): Told | undefined {
    const { id, at } = readId(payload, SUBSCRIPTION)
    if (at === undefined) return { payload, meta }
    const asked = this.requests.find(id)
    return asked && { payload: put(payload, at, asked.idText), meta: { ...meta, ...nameOf(asked) } }
  }
}

const METHOD_NOT_FOUND = -32601
const ERROR_CODE_PATH: readonly Path[] = [['error', 'code']]
const ID_PATH: readonly Path[] = [['id']]
const REQUEST_PATHS: readonly Path[] = [['id'], ['method'], ['params', '_meta', 'progressToken']]
const AMBIGUOUS = 'a member that says which message it is occurs twice, or in other letters'
const LISTEN_ANSWER_PATHS: readonly Path[] = [['id'], ['result', '_meta', META.subscriptionId]]
const TOKEN: Path = ['params', 'progressToken']
const REQUEST_ID: Path = ['params', 'requestId']
const SUBSCRIPTION: Path = ['params', '_meta', META.subscriptionId]
/** Whatever a process may take a number from. */
const SENT_PATHS: readonly Path[] = [...REQUEST_PATHS, REQUEST_ID, TOKEN, ['jsonrpc'], SUBSCRIPTION]

interface Notified {
  method: string
  requestAt: Span | undefined
  progressAt: Span | undefined
}

interface Facts {
  idAt: Span
  tokenAt: Span | undefined
  method: string
}

/** `undefined` where its id is none. */
function toAsked(
  payload: Uint8Array,
  { idAt, tokenAt, method }: Facts,
  number: number,
  at: number,
): Asked | undefined {
  const idText = textAt(payload, idAt)
  const id: unknown = JSON.parse(idText)
  if (!isRequestId(id)) return undefined
  const token = tokenAt && textAt(payload, tokenAt)
  const tokenText = token !== undefined && isRequestId(JSON.parse(token)) ? token : undefined
  return { number, id, idText, tokenText, method, call: undefined, at }
}

function renumber({ number, tokenText }: Asked, idAt: Span, tokenAt: Span | undefined): Edit[] {
  const text = `${number}`
  const edits = edit(idAt, text)
  if (tokenText !== undefined && tokenAt !== undefined) edits.push({ span: tokenAt, text })
  return edits
}

/** How the object knows the request that a message is about. */
export function nameOf({ id, call }: Asked): { id: RequestId; call?: string } {
  return call === undefined ? { id } : { id, call }
}

function readId(payload: Uint8Array, path: Path): { id?: RequestId; at?: Span } {
  return readIdAt(payload, findSpans(payload, [path])[0])
}

function readIdAt(payload: Uint8Array, at: Span | undefined): { id?: RequestId; at?: Span } {
  if (at === undefined) return {}
  const id = readValue(payload, at)
  return isRequestId(id) ? { id, at } : { at }
}

/** Of an object that has members. */
function addId(payload: Uint8Array, text: string): Edit {
  const start = skipSpace(payload, 0) + 1
  return { span: { start, end: start }, text: `"id":${text},` }
}

function put(payload: Uint8Array, at: Span | undefined, text: string): Uint8Array {
  return splice(payload, edit(at, text))
}

function edit(span: Span | undefined, text: string): Edit[] {
  return span === undefined ? [] : [{ span, text }]
}
