/** What a host program counts of requests to remote servers. Asked for beside the link, and nothing is started. */
import type { OriginsReport } from '#protocol/remote/figures.ts'
import { MAIN_PLACEMENT } from '#protocol/tenant.ts'

const TIMEOUT_MS = 5_000

/** Of several host programs as one: each figure says its placement, where that is not `main`. */
export async function readOriginsOf(
  placements: readonly string[],
  read: (placement: string) => Promise<OriginsReport>,
): Promise<OriginsReport> {
  const reports = await Promise.all(
    placements.map(async (placement) => {
      const { isAwake, origins } = await read(placement)
      const isMain = placement === MAIN_PLACEMENT
      return { isAwake, origins: isMain ? origins : origins.map((one) => ({ ...one, placement })) }
    }),
  )
  return {
    isAwake: reports.some(({ isAwake }) => isAwake),
    origins: reports.flatMap(({ origins }) => origins),
  }
}

/** `ask`: a request to the host program by its path; absent while its container sleeps. */
export async function readOrigins(
  name: string,
  ask: ((path: string, signal: AbortSignal) => Promise<Response>) | undefined,
): Promise<OriginsReport> {
  if (ask === undefined) return { isAwake: false, origins: [] }
  const path = `/cells/${encodeURIComponent(name)}/origins`
  const response = await ask(path, AbortSignal.timeout(TIMEOUT_MS))
  // Nothing was called since it began.
  if (response.status === 404) return { isAwake: true, origins: [] }
  if (!response.ok) throw new Error(`the host program answered ${response.status}`)
  const { origins } = await response.json<Pick<OriginsReport, 'origins'>>()
  return { isAwake: true, origins }
}
