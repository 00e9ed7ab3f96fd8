/**
 * What the four algorithms have in common. They are pure: a state as plain data, the time as an
 * argument, integers throughout.
 *
 * - Refusals charge nothing: the state that comes back is the one that was given.
 * - `retryAfterMs` is tight: 1 ms earlier the same cost is refused, at that time it is admitted, if
 *   nothing else was charged.
 * - A clock that goes back stands still until it has caught up. If it goes back by more than a
 *   window, the state is worthless and counting begins anew.
 */
export interface Taken<State> {
  /** `undefined` as long as nothing was ever charged. */
  state: State | undefined
  admitted: boolean
  /** 0 when admitted, `Infinity` for a cost that is never admitted. */
  retryAfterMs: number
  /** What would be admitted now, after this charge. */
  remaining: number
  /** Until the counter is as good as new, if nothing else is charged. */
  resetMs: number
}

/** `cost` is at least 1; `now` is `Date.now()`. */
export type Algorithm<Spec, State> = (
  state: State | undefined,
  spec: Spec,
  cost: number,
  now: number,
) => Taken<State>
