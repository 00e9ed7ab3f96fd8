/**
 * Token bucket: `burst` calls at once, and `limit` more in each `windowMs`, evenly spread. In any
 * interval of length T at most `burst + floor(T * limit / windowMs)`, to the call.
 */
import type { CounterSpec } from '#protocol/limiter.ts'
import type { Algorithm } from './algorithm.ts'
import { divideProduct } from './exact.ts'

export type TokenBucketSpec = Extract<CounterSpec, { algorithm: 'token-bucket' }>

export interface TokenBucketState {
  /** When the tokens were counted. */
  at: number
  tokens: number
  /** Of the next token, in `windowMs`-ths. */
  part: number
}

export const takeTokens: Algorithm<TokenBucketSpec, TokenBucketState> = (
  state,
  spec,
  cost,
  now,
) => {
  const known = state !== undefined && state.at - now <= spec.windowMs ? state : undefined
  const filled = refill(known, spec, now)
  const until = (tokens: number, from = filled): number =>
    from.at - now + timeUntil(tokens, from, spec)
  if (cost > filled.tokens) {
    return {
      state,
      admitted: false,
      retryAfterMs: cost > spec.burst ? Infinity : until(cost),
      remaining: filled.tokens,
      resetMs: until(spec.burst),
    }
  }
  const charged = { ...filled, tokens: filled.tokens - cost }
  return {
    state: charged,
    admitted: true,
    retryAfterMs: 0,
    remaining: charged.tokens,
    resetMs: until(spec.burst, charged),
  }
}

function refill(
  state: TokenBucketState | undefined,
  { limit, windowMs, burst }: TokenBucketSpec,
  now: number,
): TokenBucketState {
  if (state === undefined) return { at: now, tokens: burst, part: 0 }
  const at = Math.max(now, state.at)
  const [gained, part] = divideProduct(at - state.at, limit, state.part, windowMs)
  const tokens = state.tokens + gained
  // A full bucket keeps no part of a further token.
  return tokens >= burst ? { at, tokens: burst, part: 0 } : { at, tokens, part }
}

/** Until there are so many tokens: the whole milliseconds after which the refill has brought them. */
function timeUntil(
  tokens: number,
  { tokens: has, part }: TokenBucketState,
  { limit, windowMs }: TokenBucketSpec,
): number {
  if (tokens <= has) return 0
  // ceil(((tokens - has) * windowMs - part) / limit)
  const [whole, rest] = divideProduct(tokens - has, windowMs, limit - 1, limit)
  return rest >= part ? whole : whole - Math.ceil((part - rest) / limit)
}
