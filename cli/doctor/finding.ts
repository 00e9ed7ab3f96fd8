/** What `hearth doctor` finds. */

/** `fail`: `hearth up`, or a server of its file, cannot serve like that. `warn`: something that some servers need, or that is near its end. */
export type State = 'ok' | 'warn' | 'fail'

export interface Finding {
  check: string
  state: State
  /** What is so, and what to do about it. */
  text: string
}

export const ok = (check: string, text: string): Finding => ({ check, state: 'ok', text })
export const warn = (check: string, text: string): Finding => ({ check, state: 'warn', text })
export const fail = (check: string, text: string): Finding => ({ check, state: 'fail', text })
