/** Reads `expected-failures.yaml`, which is in the suite's own format. */
import { readFile } from 'node:fs/promises'

export interface ExpectedFailure {
  /** `{scenario}:{check}` */
  entry: string
  /** The comment above the entry. */
  reason: string
}

/** Throws for an entry without a reason. */
export async function readExpectedFailures(file: URL): Promise<ExpectedFailure[]> {
  const expected: ExpectedFailure[] = []
  let reason: string[] = []
  for (const line of (await readFile(file, 'utf8')).split('\n')) {
    const comment = /^ {2}# (.+)$/.exec(line)?.[1]
    const entry = /^ {2}- (\S+)$/.exec(line)?.[1]
    if (comment !== undefined) reason.push(comment)
    if (entry === undefined) continue
    if (reason.length === 0) throw new Error(`${entry} has no reason above it`)
    expected.push({ entry, reason: reason.join(' ') })
    reason = []
  }
  return expected
}
