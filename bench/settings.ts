/** How much is measured. More rounds make steadier medians; longer phases make steadier tails. */
export interface Settings {
  rounds: number
  warmUpMs: number
  oneSessionMs: number
  manySessionsMs: number
  modernMs: number
  /** New sessions in each round. */
  newSessions: number
  kills: number
  /** Clients that come and go; 0 leaves that part out. */
  churn: number
  targets: readonly string[]
}

export const MANY_SESSIONS = 16

export const FULL: Settings = {
  rounds: 5,
  warmUpMs: 500,
  oneSessionMs: 2_000,
  manySessionsMs: 3_000,
  modernMs: 1_500,
  newSessions: 4,
  kills: 5,
  churn: 1_000,
  targets: ['echo', 'everything'],
}

export const QUICK: Settings = {
  rounds: 2,
  warmUpMs: 200,
  oneSessionMs: 600,
  manySessionsMs: 800,
  modernMs: 500,
  newSessions: 2,
  kills: 1,
  churn: 0,
  targets: ['echo'],
}
