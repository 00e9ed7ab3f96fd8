/** What a pipeline does to one call, from its request to its one outcome. */
import { findSpans, readValue } from '#protocol/json-splice.ts'
import type { CallTransform } from '../call/call-transform.ts'
import type { Pipeline } from './pipeline.ts'
import type { CallContext } from './stage.ts'

export function createCallTransform(pipeline: Pipeline, context: CallContext): CallTransform {
  const { requestId = '', method, target, route } = context
  return {
    former: {
      ...{ requestId, method },
      ...(target !== undefined && { target }),
      ...(route !== undefined && { route }),
    },
    onAnswer: (payload) => pipeline.answer(context, payload),
    onEvent: (payload) => transformEvent(pipeline, context, payload),
    onLost: () => undefined,
    onSettled: () => undefined,
  }
}

export function transformEvent(
  pipeline: Pipeline,
  context: CallContext,
  payload: Uint8Array,
): Uint8Array {
  if (!pipeline.hasEvents) return payload
  const [span] = findSpans(payload, [['method']])
  const method = span && readValue(payload, span)
  if (typeof method !== 'string') return payload
  return pipeline.event({ ...context, isEvent: true }, payload, method)
}
