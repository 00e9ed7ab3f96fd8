/** What the user did or met that ends the command: one line on standard error, no stack. */
export class Failure extends Error {
  override readonly name = 'Failure'
  /** 1 for what is wrong outside, 2 for how the command was called. */
  readonly exitCode: number

  constructor(message: string, exitCode = 1) {
    super(message)
    this.exitCode = exitCode
  }
}

/** The system's own words for an error, without its path and stack. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const code = 'code' in error ? String(error.code) : ''
  return SYSTEM_ERRORS[code] ?? error.message
}

/** `fetch` tells only that it failed, or was terminated; why is in its cause. */
export function describeFetchError(error: unknown): string {
  let inner = error
  while (inner instanceof Error && inner.cause instanceof Error) inner = inner.cause
  return describeError(inner)
}

const SYSTEM_ERRORS: Record<string, string> = {
  ENOENT: 'no such file',
  EACCES: 'permission denied',
  EPERM: 'not permitted',
  EISDIR: 'it is a folder',
  ENOTDIR: 'part of the path is not a folder',
  EEXIST: 'it exists already',
  ENOSPC: 'no space left on the disk',
  EROFS: 'the file system is read-only',
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: 'the connection was cut',
  ENOTFOUND: 'no such host',
  EAI_AGAIN: 'its name could not be looked up',
  ETIMEDOUT: 'no answer',
  UND_ERR_SOCKET: 'the connection was cut',
}
