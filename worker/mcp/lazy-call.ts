/**
 * The two tools of a lazy catalog, before anything is decided: a call of `call_tool` becomes the call of
 * the tool that it names, so that authorization, limits, routes and logs see that one. Pure.
 */
import { GatewayError } from '#protocol/errors.ts'
import { isObject } from '#protocol/json-rpc.ts'
import { editObject, findSpans, splice } from '#protocol/json-splice.ts'
import { CALL_TOOL, FIND_TOOLS, readToolsParam, TOOLS_PARAM } from '#protocol/lazy-tools.ts'
import type { CatalogSettings } from '#protocol/catalog.ts'
import type { JSONBody } from '../body.ts'
import type { IncomingCall } from '../context.ts'
import { MAX_TARGET_CHARS } from './call-facts.ts'
import type { NamedParam } from './named-param.ts'

export type LazyTool = typeof FIND_TOOLS | typeof CALL_TOOL

/** Which of them a request names, where the catalog is lazy; with another one, a server's tool may be called so. */
export function lazyToolOf(named: NamedParam | undefined): LazyTool | undefined {
  if (named?.kind !== 'tool') return undefined
  const { name } = named
  return name === FIND_TOOLS || name === CALL_TOOL ? name : undefined
}

/** `asked`: the parameter of the URL. Throws `invalid_params` for what it does not take. */
export function isLazyCatalog(
  asked: string | undefined,
  configured: CatalogSettings['tools'],
): boolean {
  const tools = readToolsParam(asked, configured)
  if (tools !== undefined) return tools === 'lazy'
  throw new GatewayError('invalid_params', { detail: `?${TOOLS_PARAM}= is all or lazy` })
}

/** Throws `invalid_params` for arguments that name no tool. */
export function unwrapCall(call: IncomingCall): IncomingCall {
  const { facts, body } = call
  if (body === undefined) return call
  const name = readName(body.value)
  const { target: _target, params: _params, ...rest } = facts
  return {
    ...call,
    facts: {
      ...rest,
      ...(name.length <= MAX_TARGET_CHARS && { target: name }),
      // Its headers are those of call_tool, which repeats no argument in them.
      catalog: { isWrapped: true },
    },
    body: unwrapBody(body),
  }
}

function readName(message: unknown): string {
  const params = isObject(message) ? message.params : undefined
  const wrapped = isObject(params) ? params.arguments : undefined
  const { name, arguments: args } = isObject(wrapped) ? wrapped : {}
  if (typeof name !== 'string') {
    const detail = `${CALL_TOOL} takes {"name", "arguments"}: a tool's name, and its arguments`
    throw new GatewayError('invalid_params', { detail })
  }
  if (args === undefined || isObject(args)) return name
  throw new GatewayError('invalid_params', { detail: '"arguments" of a tool must be an object' })
}

const PARAMS = ['params']
const NAME = ['params', 'arguments', 'name']
const ARGUMENTS = ['params', 'arguments', 'arguments']

const decoder = new TextDecoder()

/** What else the request's params hold stays: `_meta`, `requestState`. */
function unwrapBody(body: JSONBody): JSONBody {
  const spans = findSpans(body.bytes, [PARAMS, NAME, ARGUMENTS])
  const [params] = spans
  if (params === undefined) return body
  const [, name, args] = spans.map(
    (span) => span && decoder.decode(body.bytes.subarray(span.start, span.end)),
  )
  const bytes = splice(body.bytes, editObject(body.bytes, params, { name, arguments: args }))
  const text = decoder.decode(bytes)
  return { ...body, bytes, text, value: JSON.parse(text) as unknown }
}
