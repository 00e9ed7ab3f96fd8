/**
 * `POST /register`: what clients try that met a 401 and found no OAuth metadata (2025-03-26, authorization,
 * Fallbacks for Servers without Metadata Discovery). Hearth registers nobody. The answer has the form of an OAuth
 * error (RFC 7591, section 3.2.2), whose text these clients show in the place of the 401's.
 */
import type { Handler } from 'hono'
import type { AppEnv } from '../context.ts'

const DESCRIPTION =
  'Hearth registers no OAuth clients. It takes a bearer token in the Authorization header: none was sent, ' +
  'or the one that was sent is unknown, has expired or was revoked. "hearth tokens create" makes one, ' +
  'and on one machine "npm start" prints one.'

export const refuseRegistration: Handler<AppEnv> = (c) => {
  const body = { error: 'access_denied', error_description: DESCRIPTION }
  const headers = { 'Cache-Control': 'no-store', 'X-Request-Id': c.var.record.requestId }
  return Response.json(body, { status: 404, headers })
}
