/** What a run is made on, and whether its figures may be published. */
import { availableParallelism, cpus, loadavg } from 'node:os'
import { othersDuring, QUIET_SHARE, sampleOthers } from './quiet.ts'
import type { Machine, Results } from './results.ts'

export async function describeMachine(): Promise<Machine> {
  return {
    cpus: availableParallelism(),
    model: cpus()[0]?.model ?? 'unknown',
    node: process.version,
    loadAverage: loadavg()[0] ?? 0,
    othersShare: await sampleOthers(),
  }
}

/** A machine whose figures are not those of the benchmark alone. */
export class NoisyMachine extends Error {
  override readonly name = 'NoisyMachine'
}

/** Throws `NoisyMachine` where others use more of the CPU than a page may be written with. */
export function requireQuietBefore({ othersShare = 0 }: Machine): void {
  if (othersShare > QUIET_SHARE) throw refuse(`others use ${percent(othersShare)} of the CPU`)
}

/** The same for what was measured. */
export function requireQuietDuring(results: Results): void {
  const share = othersDuring(results).median
  if (!(share <= QUIET_SHARE)) throw refuse(`others used ${percent(share)} of the CPU meanwhile`)
}

function refuse(reason: string): NoisyMachine {
  return new NoisyMachine(
    `The page is not written: ${reason}, and at most ${percent(QUIET_SHARE)} is quiet. Wait until the machine is, or take --noisy.`,
  )
}

export function percent(share: number): string {
  return Number.isFinite(share) ? `${(100 * share).toFixed(1)} %` : 'an unknown share'
}
