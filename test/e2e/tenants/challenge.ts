/** What `WWW-Authenticate` says to a refused request: RFC 6750, section 3, and RFC 9728, section 5.1. */
import type { Answer } from './ask.ts'
import { DESCRIPTIONS, type Standing } from './expected.ts'

const PATH = /^(\/t\/[^/]+)(\/(?:mcp|sse|messages)(?:\/([^/?]+))?)?/

export interface Asking {
  origin: string
  standing: Standing
  /** Whether the path is of a tenant that tells of its authorization server. */
  announces: boolean
}

/** `undefined` when it is right; else what is there. */
export function findWrongChallenge(answer: Answer, asking: Asking): string | undefined {
  const { status, challenge } = answer
  const isRight =
    status === 401
      ? challenge === toRefusal(answer, asking)
      : status === 403
        ? isForScopes(answer, asking)
        : challenge === null
  return isRight ? undefined : `${status} with ${challenge}`
}

/** The answer without what a tenant announces to everybody. */
export function withoutAnnouncement(answer: Answer, asking: Asking): Answer {
  const { metadata, scope } = announcementOf(answer, asking)
  const headers = answer.headers.map(([name, value]): [string, string] => {
    return [name, name === 'www-authenticate' ? value.replace(scope + metadata, '') : value]
  })
  return { ...answer, headers }
}

function toRefusal(answer: Answer, asking: Asking): string {
  const { metadata, scope } = announcementOf(answer, asking)
  const description = DESCRIPTIONS[asking.standing]
  const failure =
    description === undefined ? '' : `, error="invalid_token", error_description="${description}"`
  return `Bearer realm="hearth"${failure}${scope}${metadata}`
}

/** The scopes are those of the table in docs/admin-api.md, or of the server. */
function isForScopes(answer: Answer, asking: Asking): boolean {
  const { challenge } = answer
  const { metadata } = announcementOf(answer, asking)
  if (challenge?.endsWith(metadata) !== true) return false
  const rest = challenge.slice(0, challenge.length - metadata.length)
  return /^Bearer realm="hearth", error="insufficient_scope"(, scope="[^"]+")?$/.test(rest)
}

function announcementOf({ request }: Answer, { origin, announces }: Asking) {
  const [, tenant = '', endpoint = '', server] = PATH.exec(request.path) ?? []
  if (!announces || tenant === '') return { scope: '', metadata: '' }
  // Over HTTP+SSE the resource is the tenant.
  const whole = endpoint.startsWith('/mcp') ? `${tenant}${endpoint}` : tenant
  const url = `${origin}/.well-known/oauth-protected-resource${whole}`
  return {
    scope: `, scope="${server === undefined ? '*' : `servers:${server}`}"`,
    metadata: `, resource_metadata="${url}"`,
  }
}
