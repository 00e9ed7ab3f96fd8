/** Why a name leads where it does. */
import type { Strategy } from '#protocol/routes.ts'
import type { Kind } from '#protocol/scopes.ts'

export interface Explanation {
  kind: Kind
  /** As it was asked for. */
  name: string
  /** What it stands for; absent where it stands for nothing. */
  called?: { server: string; name: string; matchedAs: string }
  /** Routes in the order in which they were looked at; the last one is taken if it matches. */
  lookedAt: LookedAt[]
  /** Name of the route that is taken. */
  route?: string
  targets: { server: string; name: string; weight: number; isUsable: boolean; why?: string }[]
  policies: Policies
  /** Of the caller: what it lacks. */
  missingScopes?: string[]
  text: string
}

export interface LookedAt {
  route: string
  priority?: number
  matches: boolean
  why: string
}

export interface Policies {
  strategy?: Strategy
  requiredScopes: string[]
  /** Names of limits of the route. */
  limits: string[]
  timeoutMs?: number
  /** Tries at one server. */
  attempts?: number
  /** Kinds of its transformers. */
  transform?: string[]
}
