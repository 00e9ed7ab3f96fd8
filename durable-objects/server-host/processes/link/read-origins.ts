/** What a host program counts of requests to remote servers. Asked for beside the link, and nothing is started. */
import type { OriginsReport } from '#protocol/remote/figures.ts'
import { MAIN_PLACEMENT } from '#protocol/tenant.ts'
import { askCell, type Ask } from './ask-cell.ts'

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

export async function readOrigins(name: string, ask: Ask | undefined): Promise<OriginsReport> {
  type Told = Pick<OriginsReport, 'origins'>
  const told = await askCell<Told>(name, 'origins', ask, { origins: [] })
  return { isAwake: told !== undefined, origins: told?.origins ?? [] }
}
