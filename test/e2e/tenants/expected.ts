/** The matrix as data: who holds a credential, how each kind of path takes it, and what is answered then. */

/** How a path takes a credential. */
export type Standing =
  /** Refused with 401, each with a challenge of its own. */
  | ('missing' | 'malformed' | 'unknown' | 'expired' | 'audience')
  /** A principal of the tenant that may do what is asked. */
  | 'member'
  /** Of the tenant, with scopes for something else; with none at all. */
  | ('visitor' | 'empty')
  /** Of the other tenant, on a path that names none: it gets its own. */
  | 'neighbour'
  | 'operator'

interface Row {
  /** Whose it is, or was: `own` is the tenant that is asked for. */
  holder: 'own' | 'other' | 'nobody' | 'operator'
  /** On `/mcp/…` and `/ready`; but for the operator, also on `/admin/tenants`. */
  plain: Standing
  /** On `/t/{tenant}/…`. */
  tenant: Standing
  /** On `/admin/tenants/{tenant}…`. */
  admin: Standing
}

function row(holder: Row['holder'], plain: Standing, tenant = plain, admin = tenant): Row {
  return { holder, plain, tenant, admin }
}

export const CREDENTIALS = {
  none: row('nobody', 'missing'),
  'a header without a token': row('nobody', 'malformed'),
  'own token in another scheme': row('nobody', 'malformed'),
  'own token twice': row('nobody', 'malformed'),

  'own token': row('own', 'member'),
  'own JWT': row('own', 'unknown', 'member'),
  'own JWT of the announced issuer': row('own', 'unknown', 'member'),
  'own JWT by HS256': row('own', 'unknown', 'member'),

  'token of another scope': row('own', 'visitor'),
  'JWT of another scope': row('own', 'unknown', 'visitor'),
  'token without scopes': row('own', 'empty'),

  'expired token': row('own', 'unknown'),
  'revoked token': row('own', 'unknown'),
  'rotated token': row('own', 'unknown'),
  'expired JWT': row('own', 'unknown', 'expired'),
  'JWT of a removed issuer': row('own', 'unknown'),
  'JWT for another endpoint': row('own', 'unknown', 'audience'),
  'JWT for the other tenant': row('own', 'unknown', 'audience'),
  'JWT of alg none': row('nobody', 'unknown'),
  'JWT of HS256 under the public key': row('nobody', 'unknown'),
  'JWT of RS512': row('own', 'unknown'),

  "other's token": row('other', 'neighbour', 'unknown'),
  "other's JWT": row('other', 'unknown'),
  "other's JWT for this tenant": row('other', 'unknown'),
  "other's JWT by HS256 for this tenant": row('other', 'unknown'),
  "other's secret under own key id": row('other', 'unknown'),
  'token that was never issued': row('nobody', 'unknown'),
  'own key id with a made-up secret': row('nobody', 'unknown'),
  'JWT under a made-up key': row('nobody', 'unknown'),

  "operator's token": row('operator', 'unknown', 'unknown', 'operator'),
} satisfies Record<string, Row>

export type CredentialName = keyof typeof CREDENTIALS
export const CREDENTIAL_NAMES = Object.keys(CREDENTIALS) as CredentialName[]
export type Form = 'plain' | 'tenant' | 'admin' | 'directory'

export function standingAt(form: Form, credential: CredentialName): Standing {
  const row = CREDENTIALS[credential]
  if (form !== 'directory') return row[form]
  return row.admin === 'operator' ? 'operator' : row.plain
}

/** The `error_description` that a refusal has; none without a credential. */
export const DESCRIPTIONS: Partial<Record<Standing, string>> = {
  malformed: 'the Authorization header holds no bearer token',
  unknown: 'the token is unknown, has expired or was revoked',
  expired: 'the token has expired',
  audience: 'the token is for another audience',
}

type Answers = Record<'member' | 'visitor' | 'empty' | 'neighbour' | 'operator', string>
const REFUSED = '401 unauthorized'
const NO_SERVER = '404 server_not_found'
const NO_SESSION = '404 session_not_found'
const NO_STATE = '400 request_state_invalid'
const FORBIDDEN = '403 forbidden'
/** To MCP endpoints the operator is nobody. */
const MCP = { visitor: NO_SERVER, empty: FORBIDDEN, operator: REFUSED }
const all = (answer: string): Answers => {
  return {
    ...{ member: answer, visitor: answer, empty: answer },
    ...{ neighbour: answer, operator: answer },
  }
}

/** Status and code by the kind of what is asked. The operator is nobody to MCP endpoints. */
const ANSWERS = {
  call: { ...MCP, member: '200', neighbour: '200' },
  /** In a session of this tenant. */
  session: { ...MCP, member: '200', neighbour: NO_SESSION },
  /** In it, from an event on that it never had. */
  event: { ...MCP, member: '400 event_expired', neighbour: NO_SESSION },
  /** The same over HTTP+SSE, where the answer comes on the stream; and in one that nobody has. */
  posted: { ...MCP, member: '202', neighbour: NO_SESSION },
  lost: { ...MCP, member: NO_SESSION, neighbour: NO_SESSION },
  /** What is about all servers: who may use none of them sees none. */
  catalog: { ...MCP, visitor: '200', member: '200', neighbour: '200' },
  exposed: { ...MCP, visitor: '200 unknown_tool', member: '200', neighbour: '200' },
  /** The same in a session of this tenant. A name is looked up before the session is. */
  'catalog session': { ...MCP, visitor: NO_SESSION, member: '200', neighbour: NO_SESSION },
  'exposed session': {
    ...{ ...MCP, visitor: '200 unknown_tool', member: '200' },
    neighbour: NO_SESSION,
  },
  'catalog lost': { ...MCP, visitor: NO_SESSION, member: NO_SESSION, neighbour: NO_SESSION },
  unread: { ...MCP, visitor: '200 unknown_resource', member: '200', neighbour: '200' },
  'catalog deletion': { ...MCP, visitor: NO_SESSION, member: '204', neighbour: NO_SESSION },
  deletion: { ...MCP, member: '204', neighbour: NO_SESSION },
  /** With a `requestState` that nobody was given. */
  retry: { ...MCP, member: NO_STATE, neighbour: NO_STATE },
  /** A server that requires a scope which nobody holds. */
  guarded: { ...MCP, member: FORBIDDEN, neighbour: FORBIDDEN },
  /** A server that only this tenant has, by its name. */
  named: { ...MCP, member: '200', neighbour: NO_SERVER },
  absent: { ...MCP, member: NO_SERVER, neighbour: NO_SERVER },
  method: { ...all('405 method_not_allowed'), operator: REFUSED },
  ready: { ...all('200'), operator: REFUSED },
  /** The tenant's own administration, and what is the operator's alone. */
  part: { ...all(FORBIDDEN), member: '200', operator: '200' },
  operator: { ...all(FORBIDDEN), operator: '200' },
  /** What is the caller's own: the operator is no principal. */
  me: { ...all(FORBIDDEN), member: '200', operator: '400 invalid_params' },
} satisfies Record<string, Answers>

export type Kind = keyof typeof ANSWERS | 'health' | 'metadata' | 'nothing'

/** `announces`: whether the tenant has an authorization server to tell of. */
export function expectedOf(kind: Kind, standing: Standing, announces: boolean): string {
  if (kind === 'health') return '200'
  if (kind === 'nothing') return '404 not_found'
  if (kind === 'metadata') return announces ? '200' : '404 not_found'
  return isTaken(standing) ? ANSWERS[kind][standing] : REFUSED
}

function isTaken(standing: Standing): standing is keyof Answers {
  return standing in MCP || standing === 'member' || standing === 'neighbour'
}
