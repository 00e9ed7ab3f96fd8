/**
 * The transformers of one server in the order in which they run, whatever the order of their list.
 * A request: arguments, custom ones, redaction, metadata. An answer: custom ones, redaction, size, metadata.
 * Redaction comes before what is cut off or kept, so that half a secret is not left, nor a whole one.
 */
import { GatewayError } from '#protocol/errors.ts'
import { setArguments } from '#protocol/arguments.ts'
import type { CacheRule, TransformerConfig, Transformers } from '#protocol/transform.ts'
import { createCustom } from './custom.ts'
import { createMatcher } from './match.ts'
import { createMetadata } from './metadata.ts'
import { createRedaction } from './redaction/redaction.ts'
import { createResultSize } from './result-size/result-size.ts'
import type { CallContext, Stage } from './stage.ts'
import type { TransformContext, Transformer } from './transformer.ts'

/** Requests that have a name, and that servers carry out. The others pass as they are. */
export const TRANSFORMED_METHODS: ReadonlySet<string> = new Set([
  'tools/call',
  'prompts/get',
  'resources/read',
  'completion/complete',
])

type Kind = TransformerConfig['use']
const REQUEST_ORDER: readonly Kind[] = ['arguments', 'custom', 'redaction', 'metadata']
const ANSWER_ORDER: readonly Kind[] = ['custom', 'redaction', 'result-size', 'metadata']

interface Compiled {
  use: Kind
  stage: Stage
}

export interface CachePlan {
  rule: CacheRule
  /** Without a match: whether the tool says that it only reads has to be known. */
  needsReadOnly: boolean
}

export class Pipeline {
  readonly #request: Stage[]
  readonly #answer: Stage[]
  readonly #event: Stage[]
  readonly #log: Stage[]
  readonly #cache: readonly { rule: CacheRule; fits: Stage['fits'] }[]
  /** Why none of its calls can be made. */
  readonly #fault: GatewayError | undefined

  constructor(list: Transformers, registered: readonly Transformer[]) {
    let compiled: Compiled[] = []
    try {
      compiled = list.map((config) => ({ use: config.use, stage: toStage(config, registered) }))
    } catch (error) {
      this.#fault = GatewayError.from(error)
    }
    const inOrder = (order: readonly Kind[], step: keyof Stage): Stage[] =>
      order.flatMap((kind) =>
        compiled.flatMap(({ use, stage }) =>
          use === kind && stage[step] !== undefined ? [stage] : [],
        ),
      )
    this.#request = inOrder(REQUEST_ORDER, 'onRequest')
    this.#answer = inOrder(ANSWER_ORDER, 'onAnswer')
    this.#event = inOrder(ANSWER_ORDER, 'onEvent')
    this.#log = inOrder(ANSWER_ORDER, 'onLog')
    this.#cache = list.flatMap((rule) =>
      rule.use === 'cache' ? [{ rule, fits: createMatcher(rule.match) }] : [],
    )
  }

  /** Each throws `transform_failed`, which holds nothing of what passed by. */
  request(context: CallContext, request: Uint8Array): Uint8Array {
    if (this.#fault !== undefined) throw this.#fault
    return run(this.#request, context, request, (stage, message) =>
      stage.onRequest?.(context, message),
    )
  }

  answer(context: CallContext, response: Uint8Array): Uint8Array {
    return run(this.#answer, context, response, (stage, message) =>
      stage.onAnswer?.(context, message),
    )
  }

  event(context: CallContext, message: Uint8Array, method: string): Uint8Array {
    if (this.#fault !== undefined) throw this.#fault
    return run(this.#event, context, message, (stage, event) =>
      stage.onEvent?.(context, event, method),
    )
  }

  get hasEvents(): boolean {
    return this.#event.length > 0 || this.#fault !== undefined
  }

  /** What a call names, as our own logs show it. */
  logged(target: string): string {
    return this.#log.reduce((shown, stage) => stage.onLog?.(shown) ?? shown, target)
  }

  cachePlan(context: Pick<TransformContext, 'method' | 'target'>): CachePlan | undefined {
    for (const { rule, fits } of this.#cache) {
      if (rule.match === undefined && context.method !== 'tools/call') continue
      if (fits({ ...context, server: '', era: 'modern', principal: '' })) {
        return { rule, needsReadOnly: rule.match === undefined }
      }
    }
    return undefined
  }
}

function toStage(config: TransformerConfig, registered: readonly Transformer[]): Stage {
  const fits = createMatcher(config.match)
  switch (config.use) {
    case 'metadata':
      return { name: config.use, fits, ...createMetadata(config.gateway) }
    case 'redaction':
      return { name: config.use, fits, ...createRedaction(config) }
    case 'arguments':
      return {
        name: config.use,
        fits: (context) => context.method !== 'completion/complete' && fits(context),
        onRequest: (_, request) => setArguments(request, config),
      }
    case 'result-size':
      return { name: config.use, fits, ...createResultSize(config) }
    case 'custom':
      return { name: config.name, fits, ...createCustom(config.name, config.options, registered) }
    case 'cache':
      return { name: config.use, fits }
  }
}

function run(
  stages: readonly Stage[],
  context: CallContext,
  message: Uint8Array,
  apply: (stage: Stage, message: Uint8Array) => Uint8Array | undefined,
): Uint8Array {
  let shown = message
  for (const stage of stages) {
    // A log line or progress may be about any call of its server: redaction sees them all.
    if (!stage.fits(context) && !(stage.name === 'redaction' && context.isEvent === true)) continue
    try {
      shown = apply(stage, shown) ?? shown
    } catch (error) {
      throw toFault(stage, error)
    }
  }
  return shown
}

/** The message of an error may quote what was to be taken out; where it was thrown does not. */
function toFault({ name }: Stage, error: unknown): GatewayError {
  const lines = error instanceof Error ? (error.stack ?? '').split('\n') : []
  const places = lines.filter((line) => /^\s+at /.test(line)).slice(0, 5)
  const kind = error instanceof Error ? error.constructor.name : typeof error
  console.error(`transformer ${name}: ${kind}\n${places.join('\n')}`)
  return new GatewayError('transform_failed', { detail: name })
}
