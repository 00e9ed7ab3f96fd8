/**
 * What is done to the calls of this object's servers: what goes through a pipeline, what was spilled, what
 * is cached. A server without transformers has no pipeline, and its calls do not come here.
 */
import type { CallLog } from '#protocol/call-log.ts'
import { toErrorObject, GatewayError } from '#protocol/errors.ts'
import type { HostCall } from '#protocol/host-call.ts'
import { isObject, type RequestId } from '#protocol/json-rpc.ts'
import { SPILL_URI } from '#protocol/transform.ts'
import type { AnsweredCall } from '../call/client-call.ts'
import type { CallShape } from '../call/open-call.ts'
import { answerAtOnce } from '../call/outlet-reply.ts'
import { toCallLog } from '../call/to-call-log.ts'
import type { Catalog } from '../catalog/catalog.ts'
import { exposeAnswer } from '../catalog/expose-answer.ts'
import { encode } from '../processes/connection.ts'
import type { LineLog } from '../call/line-log.ts'
import type { ModernServing } from '../call/serving.ts'
import type { Server, Servers } from '../processes/servers.ts'
import type { KnownTools } from '../processes/tools.ts'
import { CachedCalls } from './cache/cached-calls.ts'
import { createAskTools } from './cache/ask-tools.ts'
import { ReadOnlyTools } from './cache/facts.ts'
import { toKey } from './cache/key.ts'
import { createCallTransform, transformEvent } from './call-transform.ts'
import type { CallTransform, FormerCall } from '../call/call-transform.ts'
import type { CachePlan, Pipeline } from './pipeline.ts'
import { ServerPipelines } from './server-pipelines.ts'
import type { SpillStore } from './result-size/spill-store.ts'
import { Spills } from './result-size/spills.ts'
import type { Dispatcher } from '../call/dispatcher.ts'
import { toSpillResult } from './result-size/to-spill-result.ts'
import type { CallContext } from './stage.ts'

interface Context {
  servers: Servers
  tools: KnownTools
  store: { spills: SpillStore }
  catalog: Pick<Catalog, 'exposeURI'>
  log: LineLog | undefined
}

export interface Prepared {
  request: Uint8Array
  transform?: CallTransform
}

export class Transforms {
  readonly #context: Context
  readonly #pipelines: ServerPipelines
  readonly #cached = new CachedCalls()
  readonly #readOnly: ReadOnlyTools
  readonly #spills: Spills

  constructor(context: Context, serve: (server: Server) => Promise<ModernServing>) {
    this.#context = context
    this.#pipelines = new ServerPipelines(context.servers)
    this.#readOnly = new ReadOnlyTools(context.tools, createAskTools(context.servers, serve))
    this.#spills = new Spills(context.store.spills)
  }

  /** The configuration may be another one. */
  configure(): void {
    for (const server of this.#pipelines.configure()) this.#forget(server)
  }

  /** What a call goes through; `undefined` where nothing is done to it. */
  find(host: HostCall): Pipeline | undefined {
    return this.#pipelines.find(host)
  }

  /** Our own logs show what the call names as the server's redaction allows it. */
  hide(host: HostCall): void {
    this.#pipelines.hide(host)
  }

  /** A call as one of several servers gets it. Throws `transform_failed`. */
  prepare(
    host: HostCall,
    body: Uint8Array,
    client: Pick<Dispatcher, 'protocol' | 'clientInfo'>,
  ): Prepared {
    const pipeline = this.find(host)
    if (pipeline === undefined) return { request: body }
    this.hide(host)
    const context = this.#contextOf(host, client)
    const transform = createCallTransform(pipeline, context)
    return { request: pipeline.request(context, body), transform }
  }

  /** Throws, or rejects with, what making a call throws, and `transform_failed`. */
  answer(host: HostCall, body: Uint8Array, dispatcher: Dispatcher): Promise<Response> {
    const pipeline = this.find(host)
    if (pipeline !== undefined) return this.#answerThrough(pipeline, host, body, dispatcher)
    const { call, response } = dispatcher.createCall(host, body)
    dispatcher.run(call, body)
    return response
  }

  async #answerThrough(
    pipeline: Pipeline,
    host: HostCall,
    body: Uint8Array,
    dispatcher: Dispatcher,
  ): Promise<Response> {
    const context = this.#contextOf(host, dispatcher)
    if (context.method === 'resources/read' && host.target?.startsWith(SPILL_URI) === true) {
      return this.#readSpill(pipeline, context, host, host.target)
    }
    this.hide(host)
    const request = pipeline.request(context, body)
    const plan = host.retries === true ? undefined : pipeline.cachePlan(context)
    const create = (): CallTransform => createCallTransform(pipeline, context)
    const key = plan && (await this.#keyOf(plan, context, host, request))
    const expose = this.#exposeOf(host)
    const createCall = (transform: CallTransform): AnsweredCall =>
      dispatcher.createCall(host, request, { transform, original: body, expose })
    if (plan === undefined || key === undefined) {
      const { call, response } = createCall(create())
      dispatcher.run(call, request)
      return response
    }
    return this.#cached.begin({
      ...{ host, request, key, rule: plan.rule, createTransform: create, createCall, dispatcher },
      isOwn: this.#isOwn(plan, host),
      answer: (payload, cache) => this.#respond(host, pipeline.answer(context, payload), cache),
    })
  }

  /** A server's message outside of a call, to a legacy session; `undefined`: it cannot be shown. */
  show(server: string, principal: string, payload: Uint8Array): Uint8Array | undefined {
    const pipeline = this.#pipelines.ownOf(server)
    if (pipeline === undefined) return payload
    try {
      return transformEvent(pipeline, { server, method: '', era: 'legacy', principal }, payload)
    } catch {
      return undefined // what failed was logged
    }
  }

  /** The answer to a call that a former object took; an error of ours where it cannot be transformed. */
  former(
    server: string,
    call: FormerCall,
    client: { principal: string; protocol: string; id: RequestId; isCatalog: boolean },
    payload: Uint8Array,
  ): Uint8Array {
    const pipeline = this.#pipelines.of(server, call.route)
    if (pipeline === undefined) return payload
    const { principal, protocol } = client
    const context: CallContext = { ...call, server, era: 'legacy', principal, protocol }
    try {
      return pipeline.answer(
        { ...context, ...this.#spilling({ server, principal }, client.isCatalog) },
        payload,
      )
    } catch (error) {
      const fault = toErrorObject(GatewayError.from(error), 'legacy')
      return encode({ jsonrpc: '2.0', id: client.id, error: fault })
    }
  }

  /** A server said that something of it changed. */
  hear(server: string, method: string | undefined): void {
    if (method === 'notifications/tools/list_changed') this.#context.tools.forget(server)
    if (this.#pipelines.isEmpty || method === undefined) return
    if (method.endsWith('list_changed') || method === 'notifications/resources/updated') {
      this.#forget(server)
    }
  }

  #forget(server: string): void {
    this.#cached.drop(server)
    this.#readOnly.retry()
  }

  #contextOf(host: HostCall, client: Pick<Dispatcher, 'protocol' | 'clientInfo'>): CallContext {
    const { server, target, era, principal, requestId, envelope, catalog, route } = host
    const info = client.clientInfo()
    const { name, version } = isObject(info) ? info : {}
    return {
      ...{ server, era, principal, requestId, protocol: client.protocol },
      method: envelope?.kind === 'request' ? envelope.method : '',
      ...(target !== undefined && { target }),
      ...(route !== undefined && { route: route.name }),
      ...(typeof name === 'string' &&
        typeof version === 'string' && { client: { name: short(name), version: short(version) } }),
      ...this.#spilling(host, false),
      ...(catalog !== undefined && {
        showURI: (uri: string) => this.#context.catalog.exposeURI(server, uri, principal),
      }),
    }
  }

  /** `isExposed`: nothing writes the URIs as the catalog has them after this. */
  #spilling(
    { server, principal }: Pick<HostCall, 'server' | 'principal'>,
    isExposed: boolean,
  ): Pick<CallContext, 'spill'> {
    return {
      spill: (content, keepMs) => {
        const uri = this.#spills.keep({ server, principal }, content, keepMs, Date.now())
        if (uri === undefined || !isExposed) return uri
        return this.#context.catalog.exposeURI(server, uri, principal)
      },
    }
  }

  #exposeOf({ server, principal, catalog }: HostCall): CallShape['expose'] {
    if (catalog === undefined) return undefined
    const expose = (uri: string): string => this.#context.catalog.exposeURI(server, uri, principal)
    return (payload) => exposeAnswer(payload, expose)
  }

  /** `undefined`: its answer is not looked for, nor kept. */
  async #keyOf(
    { needsReadOnly }: CachePlan,
    context: CallContext,
    { server, principal, era }: HostCall,
    request: Uint8Array,
  ): Promise<string | undefined> {
    const { servers } = this.#context
    const launch = servers.launchOf({ name: server, principal })
    // A personal server's launch is known once its principal has called.
    if (launch === undefined) return undefined
    if (needsReadOnly) {
      const owner = { name: server, launch }
      const known = this.#readOnly.isReadOnly(owner, principal, context.target ?? '')
      if (!(typeof known === 'boolean' ? known : await known)) return undefined
    }
    const protocol = `${era} ${context.protocol ?? ''}`
    return toKey(request, { server, digest: launch.digest, method: context.method, protocol })
  }

  #isOwn({ rule }: CachePlan, { server, principal, access }: HostCall): boolean {
    const facts = this.#context.servers.factsOf(server, principal)
    return rule.per === 'principal' || access !== undefined || facts?.principal !== undefined
  }

  #respond(host: HostCall, payload: Uint8Array, cache: CallLog['cache']): Response {
    const shown = this.#exposeOf(host)?.(payload) ?? payload
    this.#context.log?.write(toCallLog(host, 'ok', undefined, cache))
    return answerAtOnce(host, shown)
  }

  /** Its own shell: nothing is cut or taken out of it a second time. */
  #readSpill(pipeline: Pipeline, context: CallContext, host: HostCall, uri: string): Response {
    const now = Date.now()
    const { era, envelope, server, principal } = host
    const id = envelope?.kind === 'request' ? envelope.id : 0
    const found = this.#spills.read(uri, { server, principal }, now)
    if (found === undefined) {
      const error = new GatewayError('unknown_resource', { data: { uri } })
      this.#context.log?.write(toCallLog(host, error.code))
      return answerAtOnce(host, encode({ jsonrpc: '2.0', id, error: toErrorObject(error, era) }))
    }
    return this.#respond(host, toSpillResult(found, { id, uri, era, now }), undefined)
  }
}

const MAX_CLIENT_CHARS = 256

function short(text: string): string {
  return text.slice(0, MAX_CLIENT_CHARS)
}
