/** A question to a host program beside the link. */
const TIMEOUT_MS = 5_000

/** A request to the host program by its path. */
export type Ask = (path: string, signal: AbortSignal) => Promise<Response>

/**
 * `ask`: absent while its container sleeps; then there is no answer. `nothing`: what it says of a cell in which nothing
 * was called since it began.
 */
export async function askCell<T>(
  name: string,
  part: string,
  ask: Ask | undefined,
  nothing: T,
): Promise<T | undefined> {
  if (ask === undefined) return undefined
  const path = `/cells/${encodeURIComponent(name)}/${part}`
  const response = await ask(path, AbortSignal.timeout(TIMEOUT_MS))
  if (response.status === 404) return nothing
  if (!response.ok) throw new Error(`the host program answered ${response.status}`)
  return response.json<T>()
}
