import type { HeldBy, OutputMessage } from './output.ts'
import type { Grace } from './terminate.ts'
import type { FailedMeta, OversizeMeta, SentMeta, UndeliveredMeta, Why } from '#protocol/link.ts'

/** Who has leased what a launch started. */
export interface Lessee {
  onMessage(message: OutputMessage): void
  onOversize(meta: OversizeMeta): void
  /** A request that the server cannot have read. */
  onUndelivered(meta: UndeliveredMeta): void
  /** A request that gets no answer, while the others go on. */
  onFailed(meta: FailedMeta): void
  /** It has not answered yet, and has printed this. */
  onPrinted(why: Why): void
  /** It has outlived its idle or absolute bound, or does not take what it is sent. */
  onExpire(reason: 'idle' | 'lifetime' | 'crashed' | 'shutdown'): void
}

/** What a launch starts, as the supervisor sees it: an OS child, or a session with a remote server. */
export interface Running {
  /** 0 for what is no process of this machine. */
  readonly pid: number
  /** How long no call has been in flight; `undefined` for a spare, and while it is busy. Milliseconds. */
  readonly idleMs: number | undefined
  /** The same where streams that only listen do not count. */
  readonly quietMs: number | undefined
  /** From here on what the server says goes to the lessee, with what it has said already. */
  lease(key: string, lessee: Lessee): void
  /** One JSON-RPC message. */
  write(payload: Uint8Array, meta: SentMeta | undefined): void
  /** What the server says is not read while any reason holds. */
  hold(by: HeldBy, isHeld: boolean): void
  /** It takes no more requests: what comes is undelivered. It expires once those in flight are answered. */
  finish(): void
  /** Resolves when it is gone; never rejects. */
  end(grace: Grace): Promise<void>
}

/** Why a process ended that nobody had asked to. */
export interface LastWords {
  why: Why
  /** Nobody has called it: what it printed is about its start alone. */
  isUnused: boolean
}

/**
 * Called once, after the last of what it said. `detail`: why a remote session ended. `read` has what may
 * be told of an exit that nobody asked for; `undefined` where it could be about several callers.
 */
export type OnExit = (
  exitCode: number | null,
  signal: string | null,
  detail?: string,
  read?: () => LastWords | undefined,
) => void
