/**
 * What some peers write in the place of JSON-RPC, made what it says where nothing is lost by it: clients
 * and servers check messages strictly, and drop what they cannot read without a word. Pure.
 */
import { isObject, isRequestId } from './json-rpc.ts'
import { editObject, splice } from './json-splice.ts'
import { skipSpace, skipValue } from './json-scan.ts'

const INTERNAL_ERROR = -32603
const MAX_QUOTE_CHARS = 200
/** Of an answer: with others it is a line of a log. */
const ANSWER_MEMBERS = new Set(['id', 'jsonrpc', 'method', 'result', 'error'])

/** `value`: the message, parsed. `undefined` where there is nothing to mend. */
export function mendMessage(value: unknown, toJSON: () => Uint8Array): Uint8Array | undefined {
  if (!isObject(value)) return undefined
  const changes = isAnswer(value) ? mendAnswer(value) : mendParams(value)
  if (changes === undefined) return undefined
  const json = toJSON()
  const start = skipSpace(json, 0)
  return splice(json, editObject(json, { start, end: skipValue(json, start) }, changes))
}

/** JSON for members to set, `undefined` for members to take away. */
type Changes = Record<string, string | undefined>

function isAnswer({ method, result, error }: Record<string, unknown>): boolean {
  return (method ?? undefined) === undefined && (result !== undefined || error !== undefined)
}

function mendParams({ params }: Record<string, unknown>): Changes | undefined {
  return params === null || isEmpty(params) ? { params: undefined } : undefined
}

function mendAnswer(answer: Record<string, unknown>): Changes | undefined {
  const { id, jsonrpc, result, error } = answer
  const changes: Changes = {}
  if (jsonrpc !== '2.0') {
    if (!isRequestId(id) || Object.keys(answer).some((key) => !ANSWER_MEMBERS.has(key))) return
    changes.jsonrpc = '"2.0"'
  }
  if ('method' in answer) changes.method = undefined
  if ((error ?? undefined) !== undefined) {
    if (!isError(error)) changes.error = toError(error)
    if ('result' in answer) changes.result = undefined
  } else {
    if ('error' in answer) changes.error = undefined
    if (result === null || isEmpty(result)) changes.result = '{}'
  }
  return Object.keys(changes).length === 0 ? undefined : changes
}

function isEmpty(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0
}

function isError(error: unknown): boolean {
  return isObject(error) && Number.isInteger(error.code) && typeof error.message === 'string'
}

function toError(error: unknown): string {
  const { code, message, data } = isObject(error) ? error : { message: error }
  return JSON.stringify({
    code: Number.isInteger(code) ? code : INTERNAL_ERROR,
    message: quote(message ?? error),
    ...(data !== undefined && { data }),
  })
}

function quote(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return text.length > MAX_QUOTE_CHARS ? `${text.slice(0, MAX_QUOTE_CHARS)}…` : text
}
