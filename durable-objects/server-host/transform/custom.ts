/** A registered transformer as a step over bytes: parsed for it, and only what it changes is written anew. */
import { GatewayError } from '#protocol/errors.ts'
import { isObject } from '#protocol/json-rpc.ts'
import { editObject, findSpans, readValue, splice, type Span } from '#protocol/json-splice.ts'
import type { Stage } from './stage.ts'
import type { Changes, ConfiguredTransformer, Transformer } from './transformer.ts'

const FIXED_PARAMS = new Set(['name', 'uri', 'ref', '_meta', 'requestState', 'inputResponses'])
const FIXED_RESULT = new Set(['resultType', 'requestState'])
const FIXED_EVENT = new Set(['progressToken', '_meta', 'requestId'])

type Steps = Pick<Stage, 'onRequest' | 'onAnswer' | 'onEvent'>

/** Throws `transform_failed` for a name that is not registered, and for options that are refused. */
export function createCustom(
  name: string,
  options: Record<string, unknown>,
  registered: readonly Transformer[],
): Steps {
  const transformer = registered.find((one) => one.name === name)
  if (transformer === undefined) {
    throw new GatewayError('transform_failed', { detail: `no transformer "${name}" is registered` })
  }
  const { onRequest, onResult, onEvent } = configure(transformer, options)
  return {
    ...(onRequest && {
      onRequest: (context, request) =>
        change(request, 'params', FIXED_PARAMS, (params) => onRequest(context, params)),
    }),
    ...(onResult && {
      onAnswer: (context, response) =>
        change(response, 'result', FIXED_RESULT, (result) => onResult(context, result)),
    }),
    ...(onEvent && {
      onEvent: (context, message, method) =>
        change(message, 'params', FIXED_EVENT, (params) => onEvent(context, { method, params })),
    }),
  }
}

function configure(
  transformer: Transformer,
  options: Record<string, unknown>,
): ConfiguredTransformer {
  try {
    return transformer.configure(options)
  } catch (error) {
    const detail = `the options of "${transformer.name}" are refused`
    throw new GatewayError('transform_failed', { detail, cause: error })
  }
}

function change(
  message: Uint8Array,
  member: 'params' | 'result',
  fixed: ReadonlySet<string>,
  decide: (value: Record<string, unknown>) => Changes | undefined,
): Uint8Array {
  const [span] = findSpans(message, [[member]])
  const value = span && readValue(message, span)
  if (span === undefined || !isObject(value)) return message
  const changes = decide(value)
  return changes === undefined ? message : write(message, span, changes, fixed)
}

function write(
  message: Uint8Array,
  span: Span,
  changes: Changes,
  fixed: ReadonlySet<string>,
): Uint8Array {
  const texts = Object.entries(changes).map(([key, value]): [string, string | undefined] => {
    if (fixed.has(key)) throw new TypeError(`${key} cannot be changed`)
    // A value without a JSON text is none.
    return [key, JSON.stringify(value) as string | undefined]
  })
  return splice(message, editObject(message, span, Object.fromEntries(texts)))
}
