/** How long calls take, one after the other. Milliseconds. */
export async function latenciesOf(
  call: (id: number) => Promise<unknown>,
  count: number,
): Promise<number[]> {
  const times: number[] = []
  for (let id = 1; id <= count; id += 1) {
    const startedAt = performance.now()
    await call(id)
    times.push(performance.now() - startedAt)
  }
  return times
}

/** The value that the given part of them does not exceed. */
export function percentile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? NaN
}
