/** Who is calling: what the credential of a request says, for whatever stands behind one. */
import { CATALOG } from '#protocol/catalog.ts'
import { GatewayError } from '#protocol/errors.ts'
import { SERVER_NAME } from '#protocol/server-config.ts'
import type { Verdict } from '#protocol/tenant.ts'
import type { Deps } from '../context.ts'
import type { CallRecord } from '../telemetry/record.ts'
import { authenticate, recall, trustOf, type AuthDeps } from './authenticate.ts'
import { parseBearer } from './bearer.ts'
import { knowsServer, renewing } from './renewal.ts'
import { metadataURL, scopesOf, toResource, type Resource } from './resource.ts'

const NO_BEARER = 'the Authorization header holds no bearer token'
const NO_RESOURCE = 'there is nothing here that a token could be for'

export type EdgeDeps = AuthDeps & Pick<Deps, 'publicOrigin' | 'goodCredentials' | 'floodShield'>

export interface Caller {
  /** The `Authorization` header. */
  authorization: string | null
  /** Where the path names a tenant (`/t/{tenant}/…`): the verdict is that tenant's. */
  resource: Resource | undefined
  /** The server that the path names. */
  server: string | undefined
}

/** Throws `unauthorized` for names that can be none, before anything is asked about them. */
export function readCaller(
  { publicOrigin }: Pick<EdgeDeps, 'publicOrigin'>,
  { headers, url }: Request,
  tenant: string | undefined,
  server: string | undefined,
): Caller {
  const authorization = headers.get('Authorization')
  if (tenant === undefined) return { authorization, resource: undefined, server }
  const resource = toResource(publicOrigin ?? new URL(url).origin, tenant, server)
  if (resource === undefined) throw unauthorized('invalid_token', NO_RESOURCE)
  return { authorization, resource, server }
}

/** As `identifyCaller`, but asks nobody: `undefined` where that takes more than what is known here. */
export function recallCaller(
  deps: EdgeDeps,
  caller: Caller,
  record: CallRecord,
): Verdict | undefined {
  const { authorization, resource, server } = caller
  const token = parseBearer(authorization)
  const known = token === undefined ? undefined : recall(deps, token, resource, Date.now())
  if (token === undefined || known === undefined || !('verdict' in known)) return undefined
  const { verdict } = known
  if (!knowsServer(verdict, server)) return undefined
  noteGood(deps, token, verdict)
  if (resource !== undefined && announces(verdict.policy)) addChallenge(record, resource)
  return note(record, verdict, server)
}

/**
 * Tells the record who calls which server, and which challenge its tenant announces. Throws `unauthorized`.
 */
export async function identifyCaller(
  deps: EdgeDeps,
  caller: Caller,
  record: CallRecord,
): Promise<Verdict> {
  const now = Date.now()
  const { authorization, resource, server } = caller
  const known = await answerOf(deps, authorization, resource, now)
  const isComplete = !('verdict' in known) || knowsServer(known.verdict, server)
  const answer = isComplete
    ? known
    : await answerOf({ ...deps, ...renewing(deps, now) }, authorization, resource, now)
  if (resource !== undefined) {
    const policy =
      'verdict' in answer
        ? answer.verdict.policy
        : (await trustOf(deps, resource.tenant, now)).value?.policy
    if (policy !== undefined && announces(policy)) addChallenge(record, resource)
  }
  if ('refusal' in answer) throw answer.refusal
  return note(record, answer.verdict, server)
}

/** Names that no server can have are not logged. */
function note(record: CallRecord, verdict: Verdict, server: string | undefined): Verdict {
  record.verdict = verdict
  if (server === CATALOG || (server !== undefined && SERVER_NAME.test(server))) {
    record.server = server
  }
  return verdict
}

type Answer = { verdict: Verdict } | { refusal: GatewayError }

/** What the credential alone says. */
export async function answerOf(
  deps: EdgeDeps,
  authorization: string | null,
  resource: Resource | undefined,
  now: number,
): Promise<Answer> {
  if (authorization === null) return { refusal: unauthorized('no_token') }
  const token = parseBearer(authorization)
  if (token === undefined) return { refusal: unauthorized('invalid_token', NO_BEARER) }
  const outcome = await authenticate(deps, token, resource, now)
  if ('refused' in outcome) {
    deps.goodCredentials.forget(token)
    return { refusal: unauthorized('invalid_token', outcome.refused) }
  }
  noteGood(deps, token, outcome.verdict)
  return outcome
}

/** The shield alone wants to know. */
function noteGood(
  { floodShield, goodCredentials }: Pick<EdgeDeps, 'floodShield' | 'goodCredentials'>,
  token: string,
  verdict: Verdict,
): void {
  if (floodShield !== undefined) goodCredentials.note(token, verdict)
}

/** Whether the tenant says where tokens for it come from. */
function announces({ authorizationServers }: Verdict['policy']): boolean {
  return authorizationServers.length > 0
}

function addChallenge(record: CallRecord, resource: Resource): void {
  record.challenge = { metadataURL: metadataURL(resource), scopes: scopesOf(resource) }
}

function unauthorized(reason: 'no_token' | 'invalid_token', detail?: string): GatewayError {
  return new GatewayError('unauthorized', { data: { reason }, ...(detail && { detail }) })
}
