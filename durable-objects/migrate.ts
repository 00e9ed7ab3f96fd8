/**
 * Runs the steps that an object's storage has not seen, each with its number or not at all. Steps are only
 * ever appended. Idempotent.
 */
export function migrate(storage: DurableObjectStorage, steps: readonly string[]): void {
  const done = storage.kv.get<number>('schema') ?? 0
  for (const [at, step] of steps.entries()) {
    if (at < done) continue
    storage.transactionSync(() => {
      storage.sql.exec(step)
      storage.kv.put('schema', at + 1)
    })
  }
}
