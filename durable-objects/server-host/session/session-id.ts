import { MAIN_PLACEMENT } from '#protocol/tenant.ts'
import { randomHex } from '../../random-hex.ts'

/** As `SESSION_ID` has them. */
const SESSION_ID_BYTES = 16

/** Sessions are kept by the object that calls go to, wherever their processes are. */
export function createSessionId(): string {
  return `${MAIN_PLACEMENT}.${randomHex(SESSION_ID_BYTES)}`
}
