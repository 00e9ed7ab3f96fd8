/** Which server an endpoint's URL names. */
import type { Context } from 'hono'
import { CATALOG } from '#protocol/catalog.ts'
import type { AppEnv } from '../context.ts'

/** No server has this name. */
const NOBODY = ''

/** `CATALOG` for a URL that names none. Who writes that sign in a URL names a server that there is not. */
export function namedServer(c: Context<AppEnv>): string {
  const name = c.req.param('server')
  if (name === undefined) return CATALOG
  return name === CATALOG ? NOBODY : name
}
