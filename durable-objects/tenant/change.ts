/** What every change of a tenant is told: who makes it, and when. */
import type { Actor } from '#protocol/tenant.ts'

export interface Change {
  actor: Actor
  /** `Date.now()` */
  now: number
}
